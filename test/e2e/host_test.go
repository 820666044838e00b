// Package e2e tests the installed package on machines with a real systemd, as an
// operator would use it.
package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/load"
)

const (
	hello   = "https://hello.yesterday.localhost:8443"
	site    = "https://site.yesterday.localhost:8443"
	helloID = "7d9dd7f6-6d3f-4b64-9a27-0f0c9b4f7c53"
	siteID  = "0b4c1a52-35a5-4f0c-8d7c-6d3f8f1f3f11"
)

// host is a machine with the package installed.
type host struct {
	*lab.Machine
	t      *testing.T
	client *http.Client
}

// onEachSuite runs a test on a fresh machine of every suite with the package installed.
func onEachSuite(t *testing.T, f func(*testing.T, *host)) {
	deb, err := lab.Deb()
	if err != nil {
		t.Fatal(err)
	}
	onEachSuiteWith(t, deb, f)
}

// onEachSuiteWith installs a package that is not the one under test.
func onEachSuiteWith(t *testing.T, deb string, f func(*testing.T, *host)) {
	for _, s := range lab.Suites {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			m := lab.Boot(t, lab.Options{Suite: s})
			if out, err := m.InstallDeb(t.Context(), deb); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			h := &host{Machine: m, t: t}
			h.eventually("the proxy has an authority", func() error {
				var err error
				h.client, err = m.TrustingClient(t.Context())
				return err
			})
			f(t, h)
		})
	}
}

// deployExamples puts hello and site there as apps.d/README tells.
func (h *host) deployExamples() {
	h.t.Helper()
	h.copyExample("hello")
	h.copyExample("site")
	h.app("hello", fmt.Sprintf("instance_id = %q\nhost_name = \"hello.yesterday.localhost\"\npackage = \"/srv/hello\"\n", helloID))
	h.app("site", fmt.Sprintf("instance_id = %q\nhost_name = \"site.yesterday.localhost\"\nstatic_path = \"/srv/site\"\n", siteID))
	h.reload()
	h.serves(hello + "/public/time")
	h.serves(site + "/")
}

func (h *host) copyExample(name string) {
	h.t.Helper()
	if err := h.CopyIn(h.t.Context(), filepath.Join(lab.Dist(), "examples", name), "/srv/"+name); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) app(name, toml string) {
	h.t.Helper()
	h.write("/etc/nexushub/apps.d/"+name+".toml", toml)
}

func (h *host) write(path, content string) {
	h.t.Helper()
	if err := h.WriteFile(h.t.Context(), path, []byte(content), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) reload() {
	h.t.Helper()
	h.Must(h.t, "systemctl", "reload", "nexushubd")
}

// sh runs a script in the machine, its failure ends the test.
func (h *host) sh(script string) string {
	h.t.Helper()
	out, err := h.Shell(h.t.Context(), script)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// eventually polls until a condition of the running system holds.
func (h *host) eventually(what string, f func() error) {
	h.t.Helper()
	var err error
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	h.t.Fatalf("%s: not in 60 s: %v", what, err)
}

func (h *host) get(url string) (int, string, error) {
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func (h *host) serves(url string) {
	h.t.Helper()
	h.eventually(url+" is served", func() error {
		status, body, err := h.get(url)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d: %s", status, body)
		}
		return err
	})
}

// unit returns the one active unit of an application.
func (h *host) unit(name string) string {
	h.t.Helper()
	var unit string
	h.eventually("one unit of "+name, func() error {
		out := h.sh("systemctl list-units --plain --no-legend --state=active 'nexushub-app-" + name + "-*.service' | cut -d' ' -f1")
		if units := strings.Fields(out); len(units) == 1 {
			unit = units[0]
			return nil
		}
		return fmt.Errorf("units: %q", out)
	})
	return unit
}

// identity of a running unit: what changes when it is restarted.
func (h *host) identity(unit string) string {
	h.t.Helper()
	return h.Must(h.t, "systemctl", "show", "-p", "MainPID", "-p", "InvocationID", "-p", "ActiveEnterTimestampMonotonic", unit)
}

// One load at a time: the generator shares the processors with what it measures.
var loading sync.Mutex

// underLoad sends 200 requests/s, half of them on new connections, while f acts, and
// fails the test for every request that failed.
func (h *host) underLoad(url string, f func()) {
	h.t.Helper()
	loading.Lock()
	defer loading.Unlock()
	fresh := *h.client
	transport := h.client.Transport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	fresh.Transport = transport
	ctx, stop := context.WithCancel(h.t.Context())
	defer stop()
	result := make(chan load.Result, 1)
	go func() {
		result <- load.Run(ctx, load.Options{URL: url, Rate: 200, Clients: []*http.Client{h.client, &fresh}})
	}()
	h.eventually("load arrives", func() error { return h.seen(url) })
	f()
	h.eventually("load still arrives", func() error { return h.seen(url) })
	stop()
	r := <-result
	h.t.Log(r)
	if len(r.Failures) > 0 {
		h.t.Errorf("%d of %d requests failed", len(r.Failures), r.Sent)
	}
}

func (h *host) seen(url string) error {
	status, _, err := h.get(url)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d", status)
	}
	return err
}
