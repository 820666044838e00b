package programs_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
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
	name   string
	url    string       // without a slash at its end
	client *http.Client // somebody's browser, which keeps cookies
}

// deploy does what the README of NexusHub says: one command, and it runs.
func deploy(t *testing.T, h *lab.Host, name, from string) app {
	t.Helper()
	h.MustCopyIn(t, from, "/srv/"+name)
	url := h.Must(t, "nexushub", "deploy", "--quiet", "--host-name", name+"."+domain, "--name", name, "/srv/"+name)
	a := visit(t, h, name, url)
	h.AwaitState(t, name, api.StateRunning)
	return a
}

// visit is an application at the address that deploy has printed.
func visit(t *testing.T, h *lab.Host, name, url string) app {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := *h.HTTP
	client.Jar = jar
	return app{h, name, strings.TrimSuffix(url, "/"), &client}
}

// ask sends a request that must succeed, and returns the answer. A header is written "Name: value".
func (a app) ask(t *testing.T, method, path string, body io.Reader, headers ...string) string {
	t.Helper()
	status, answer := a.answer(t, method, path, body, headers...)
	if status/100 != 2 {
		t.Errorf("%s %s: status %d\n%s", method, path, status, answer)
	}
	return answer
}

// answer is ask of what may be refused.
func (a app) answer(t *testing.T, method, path string, body io.Reader, headers ...string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, a.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, string(data)
}

// page is the body of a page that must be there.
func (a app) page(t *testing.T, path string) string {
	t.Helper()
	return a.ask(t, http.MethodGet, path, nil)
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
func (a app) post(t *testing.T, path string, size int) string {
	t.Helper()
	return a.ask(t, http.MethodPost, path, bytes.NewReader(make([]byte, size)))
}

// echoes sends a text over a WebSocket and expects it back.
func (a app) echoes(t *testing.T, path string) {
	t.Helper()
	address := strings.TrimPrefix(a.url, "https://")
	raw, err := a.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	trust := a.HTTP.Transport.(*http.Transport).TLSClientConfig.Clone()
	trust.ServerName, trust.NextProtos = strings.TrimSuffix(address, ":8443"), []string{"http/1.1"}
	config, err := websocket.NewConfig("wss://"+address+path, a.url)
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

// undisturbed: it still runs as it was started, and is content.
func (a app) undisturbed(t *testing.T) {
	t.Helper()
	if now := a.AwaitState(t, a.name, api.StateRunning); now.Restarts != 0 {
		t.Errorf("%d restarts", now.Restarts)
	}
	a.content(t)
}

// content: it is well, as far as one can see, and complains of nothing that it may not do.
func (a app) content(t *testing.T) {
	t.Helper()
	now := a.AwaitState(t, a.name, api.StateRunning)
	if now.LastExit != "" || len(now.Hints) > 0 {
		t.Errorf("last exit %q, hints %v", now.LastExit, now.Hints)
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
