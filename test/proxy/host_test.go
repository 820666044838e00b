package proxy_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

const (
	domain  = "yesterday.localhost"
	port    = ":8443"
	loginID = "3bf3e3c0-6e51-482a-b180-00f6aa568ee9"
	adminID = "18736e4f-93f9-4606-a7be-863c7986ea5b"
	webID   = "aaaaaaaa-0000-4000-8000-000000000001"
	otherID = "aaaaaaaa-0000-4000-8000-000000000002"
	siteID  = "aaaaaaaa-0000-4000-8000-000000000003"
	openID  = "aaaaaaaa-0000-4000-8000-00000000000e"
)

// application is one file in apps.d and what it needs.
type application struct {
	name, id string
	pkg      string // folder of the host; copied to /srv/NAME
	config   string // more lines for apps.d/NAME.toml
}

func (a application) host() string { return a.name + "." + domain }

// soon is how long the proxy may take for what it does on its own.
const soon = 30 * time.Second

// host is a host with a client for each protocol.
type host struct {
	*lab.Host
	h1, h2 *http.Client
}

// onSuites runs a test on both Debian releases, each on a fresh host, one after the other: what is under load needs the
// processors to itself.
func onSuites(t *testing.T, apps func(*testing.T) []application, test func(*testing.T, *host)) {
	lab.EachSuite(t, func(t *testing.T, s lab.Suite) {
		h := install(t, s)
		h.deploy(t, apps(t)...)
		test(t, h)
	})
}

// onSuitesAtOnce is onSuites for what is not under load.
func onSuitesAtOnce(t *testing.T, apps func(*testing.T) []application, test func(*testing.T, *host)) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := install(t, s)
		h.deploy(t, apps(t)...)
		test(t, h)
	})
}

func install(t *testing.T, suite lab.Suite) *host {
	t.Helper()
	h := &host{Host: lab.NewHost(t, suite)}
	h.h1, h.h2 = h.client(t, false), h.client(t, true)
	return h
}

// client speaks one protocol, follows no redirects and trusts the proxy's authority.
func (h *host) client(t testing.TB, h2 bool) *http.Client {
	t.Helper()
	c, err := h.TrustingClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	tr := c.Transport.(*http.Transport)
	tr.Protocols = new(http.Protocols)
	tr.Protocols.SetHTTP1(!h2)
	tr.Protocols.SetHTTP2(h2)
	tr.DisableCompression = true
	t.Cleanup(tr.CloseIdleConnections)
	return c
}

func (h *host) tlsConfig(t testing.TB) *tls.Config {
	t.Helper()
	c, err := h.TrustingClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.Transport.(*http.Transport).TLSClientConfig
}

// deploy does what an administrator does, and waits until each host answers.
func (h *host) deploy(t testing.TB, apps ...application) {
	t.Helper()
	for _, a := range apps {
		config := fmt.Sprintf("instance_id = %q\nhost_name = %q\n", a.id, a.host()+port)
		if a.pkg != "" {
			h.MustCopyIn(t, a.pkg, "/srv/"+a.name)
			config += fmt.Sprintf("package = %q\n", "/srv/"+a.name)
		}
		h.Define(t, a.name, config+a.config)
	}
	h.Reload(t)
	for _, a := range apps {
		h.awaitReady(t, a.id)
	}
}

// routes is what the proxy says about itself.
type routes struct {
	Held   int
	Conns  int `json:"connections"`
	Routes []struct {
		Instance, Name, State, Target, Address string
	}
	Targets []struct {
		ID       string `json:"id"`
		InFlight int    `json:"in_flight"`
		Streams  int    `json:"streams"`
	}
}

func (h *host) routes(t testing.TB) routes {
	t.Helper()
	var r routes
	out := h.Must(t, "curl", "-sS", "--unix-socket", "/run/nexushub/proxy.sock", "http://proxy/v1/status")
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return r
}

// target is the unit that an instance's requests go to now.
func (h *host) target(t testing.TB, instance string) string {
	t.Helper()
	for _, r := range h.routes(t).Routes {
		if r.Instance == instance && r.State == "ready" {
			return r.Target
		}
	}
	return ""
}

func (h *host) awaitReady(t testing.TB, instance string) {
	t.Helper()
	lab.Within(t, soon, "the route of "+instance+" is ready", func() error {
		var states []string
		for _, r := range h.routes(t).Routes {
			if r.Instance == instance {
				states = append(states, r.State)
			}
		}
		return lab.Unless(slices.Contains(states, "ready"), "its states are %q", states)
	})
}

func (h *host) secret(t testing.TB) string {
	t.Helper()
	b, err := h.ReadFile(t.Context(), "/run/nexushub/internal-secret")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// answer is a response that was read to its end.
type answer struct {
	*http.Response
	body string
}

// do sends a request to https://NAME.DOMAIN:8443PATH; headers come in pairs.
func do(t testing.TB, c *http.Client, method, name, path, body string, headers ...string) answer {
	t.Helper()
	a, err := try(t.Context(), c, method, name, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func try(ctx context.Context, c *http.Client, method, name, path, body string, headers ...string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://"+name+"."+domain+port+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return send(c, r)
}

func send(c *http.Client, r *http.Request) (answer, error) {
	resp, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return answer{resp, string(got)}, err
}
