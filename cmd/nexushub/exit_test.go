package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
)

// Whatever an agent answers, the exit code and the two lines that explain it are these.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		code   api.Code
		exit   int
		stderr string
	}{
		{api.Malformed, 2, ""},
		{api.Unauthenticated, 4, "log in again: nexushub login HOST --token -\n"},
		{api.Forbidden, 4, ""},
		{api.NotFound, 4, "to list the applications: nexushub list\n"},
		{api.Conflict, 1, ""},
		{api.NotRunning, 3, ""},
		{api.TooLarge, 1, ""},
		{api.Invalid, 1, "  bin/app: missing\n"},
		{api.TooMany, 1, ""},
		{api.Internal, 1, "for details: journalctl -u nexushubd\n"},
		{api.Unavailable, 1, ""},
		{api.Timeout, 1, ""},
		{api.NoSpace, 1, "to see what uses the space: nexushub status --system\n"},
		{api.Failed, 1, ""},
		{api.NotImplemented, 1, ""},
		{api.Canceled, 130, ""},
		{"of a later version", 1, "for details: journalctl -u nexushubd\n"},
	} {
		socket := serveUnix(t, func(w http.ResponseWriter, r *http.Request) {
			p := problem.Problem{
				Type:   "urn:nexushub:problem:" + string(c.code),
				Status: 599,
				Title:  "title",
				Detail: "the detail",
			}
			if c.code == api.Invalid {
				p.Errors = []problem.Fault{{Pointer: "bin/app", Detail: "missing"}}
			}
			problem.Write(w, p)
		})
		code, stdout, stderr := call(t, "start", "shop", "--socket", socket)
		if want := "nexushub: the detail\n" + c.stderr; code != c.exit || stdout != "" || stderr != want {
			t.Errorf("%s: exit code %d, want %d; says %q, want %q", c.code, code, c.exit, stderr, want)
		}
	}
}

// What is no answer of ours, a gateway's page for example, is an error as well.
func TestAnswersThatAreNotOurs(t *testing.T) {
	for body, want := range map[string]string{
		"<html>\n<h1>Bad gateway</h1>": "nexushub: <html>\n",
		"":                             "nexushub: 502 Bad Gateway\n",
	} {
		socket := serveUnix(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			w.Write([]byte(body))
		})
		if code, _, stderr := call(t, "list", "--socket", socket); code != 1 || stderr != want {
			t.Errorf("%q: exit code %d, says %q", body, code, stderr)
		}
	}
	socket := serveUnix(t, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("[{")) })
	if code, _, stderr := call(t, "list", "--socket", socket); code != 1 ||
		!strings.Contains(stderr, "answer to GET /v1/apps: unexpected EOF") {
		t.Errorf("half an answer: exit code %d, says %q", code, stderr)
	}
}

// An agent that ends over a request may have done it: asked again, rollback would go forth.
func TestAgentEndsMeanwhile(t *testing.T) {
	socket := serveUnix(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	code, _, stderr := call(t, "rollback", "shop", "--socket", socket)
	if code != 1 || !strings.Contains(stderr, "before you ask again, nexushub status") {
		t.Errorf("exit code %d, says %q", code, stderr)
	}
}

// After a signal the exit code is 130 and nothing more is said.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	socket := serveUnix(t, func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	var out, err bytes.Buffer
	if code := run(ctx, []string{"start", "shop", "--socket", socket}, strings.NewReader(""), &out, &err); code != 130 ||
		out.Len()+err.Len() > 0 {
		t.Errorf("exit code %d, says %q and %q", code, out.String(), err.String())
	}
}

func serveUnix(t *testing.T, handler http.HandlerFunc) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: handler}}
	srv.Start()
	t.Cleanup(srv.Close)
	return socket
}

// `nexushub list | head -1` is not an error.
func TestAReaderMayLeave(t *testing.T) {
	socket := serveUnix(t, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(`[{"name":"shop"}]`)) })
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
	defer out.Close()
	var stderr bytes.Buffer
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if code := run(t.Context(), []string{"list", "--socket", socket}, strings.NewReader(""), out, &stderr); code != 0 ||
		stderr.Len() > 0 {
		t.Errorf("exit code %d, says %q", code, stderr.String())
	}
}
