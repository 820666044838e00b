package programs_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/websocket"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

const domain = "yesterday.localhost"

// app is a program that is deployed on a host.
type app struct {
	*lab.Host
	name string
}

func (a app) host() string { return a.name + "." + domain + ":8443" }

// deploy does what the README of NexusHub says: one command, and it runs.
func deploy(t *testing.T, h *lab.Host, name, from string) app {
	t.Helper()
	a := app{h, name}
	h.MustCopyIn(t, from, "/srv/"+name)
	h.Must(t, "nexushub", "deploy", "--quiet", "--host-name", name+"."+domain, "--name", name, "/srv/"+name)
	h.AwaitState(t, name, api.StateRunning)
	return a
}

// page is the body of a page that must be there.
func (a app) page(t *testing.T, path string) string {
	t.Helper()
	status, body, err := a.Get(t.Context(), "https://"+a.host()+path)
	if err != nil || status != http.StatusOK {
		t.Errorf("%s: status %d: %v\n%s", path, status, err, body)
	}
	return body
}

// shows is a page that has every one of these texts.
func (a app) shows(t *testing.T, path string, texts ...string) {
	t.Helper()
	body := a.page(t, path)
	for _, text := range texts {
		if !strings.Contains(body, text) {
			t.Errorf("%s has no %q:\n%s", path, text, body)
		}
	}
}

// number finds a figure that a page names: "heap=150".
func (a app) number(t *testing.T, path, name string) int {
	t.Helper()
	body := a.page(t, path)
	found := regexp.MustCompile(`\b` + name + `"?[=:]([0-9]+)`).FindStringSubmatch(body)
	if found == nil {
		t.Errorf("%s has no %s:\n%s", path, name, body)
		return 0
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Error(err)
	}
	return n
}

// post sends a body of so many bytes and returns the answer.
func (a app) post(t *testing.T, path string, size int64) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+a.host()+path,
		io.LimitReader(zeros{}, size))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	resp, err := a.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("POST %s: %s: %v\n%s", path, resp.Status, err, body)
	}
	return string(body)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// echoes sends a text over a WebSocket and expects it back.
func (a app) echoes(t *testing.T, path string) {
	t.Helper()
	raw, err := a.DialContext(t.Context(), "tcp", a.host())
	if err != nil {
		t.Fatal(err)
	}
	trust := a.HTTP.Transport.(*http.Transport).TLSClientConfig.Clone()
	trust.ServerName, trust.NextProtos = a.name+"."+domain, []string{"http/1.1"}
	config, err := websocket.NewConfig("wss://"+a.host()+path, "https://"+a.host())
	if err != nil {
		t.Fatal(err)
	}
	socket, err := websocket.NewClient(config, tls.Client(raw, trust))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	got := ""
	if err = websocket.Message.Send(socket, "echo"); err == nil {
		err = websocket.Message.Receive(socket, &got)
	}
	if err != nil || got != "echo" {
		t.Errorf("the WebSocket answers %q, %v", got, err)
	}
}

// refused is what a program says when the sandbox is in its way.
var refused = regexp.MustCompile(`(?i)not permitted|permission denied|read-only|not supported|cannot allocate|EPERM|EACCES|EROFS|ENOENT|ENOMEM`)

// undisturbed: it still runs as it was started, and complains of nothing that it may not do.
func (a app) undisturbed(t *testing.T) {
	t.Helper()
	now := a.AwaitState(t, a.name, api.StateRunning)
	if now.Restarts != 0 || now.LastExit != "" || len(now.Hints) > 0 {
		t.Errorf("%d restarts, last exit %q, hints %v", now.Restarts, now.LastExit, now.Hints)
	}
	for line := range strings.Lines(a.Must(t, "nexushub", "logs", a.name)) {
		if refused.MatchString(line) {
			t.Errorf("it complains: %s", line)
		}
	}
}

// state is its folder, as root sees it.
func (a app) state(t *testing.T) string {
	t.Helper()
	return "/var/lib/private/nexushub-apps/" + a.AwaitState(t, a.name, api.StateRunning).ID
}

// processors is how many the host has.
func (a app) processors(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(a.Must(t, "nproc"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// between says what is wrong with a figure.
func between(t *testing.T, what string, got, least, most int) {
	t.Helper()
	if got < least || got > most {
		t.Errorf("%s is %d, want %d to %d", what, got, least, most)
	}
}
