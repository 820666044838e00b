package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
)

// TestMain lets the test binary be nexushub at the far end.
func TestMain(m *testing.M) {
	if socket := os.Getenv("BRIDGE_SOCKET"); socket != "" {
		if err := Serve(context.Background(), os.Stdin, os.Stdout, socket); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(4)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// standIn puts a program named ssh first in the PATH, which does what the script says where ssh
// would log in. $FAR is the far end.
func standIn(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text := "#!/bin/sh\nFAR=" + self + "\necho \"$@\" >>" + dir + "/argv\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Cleanup(func() {
		if t.Failed() {
			argv, _ := os.ReadFile(filepath.Join(dir, "argv"))
			t.Logf("ssh %s", argv)
		}
	})
}

// agentAt serves a control socket.
func agentAt(t *testing.T, handler http.HandlerFunc) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "api.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return socket
}

func open(t *testing.T, socket string) *Bridge {
	t.Helper()
	t.Setenv("BRIDGE_SOCKET", socket)
	bridge, err := Open(t.Context(), Target{Host: "box"}, socket, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bridge.Close)
	return bridge
}

// Many requests share one ssh, streams among them; what one gives up ends at the agent, and ends
// no other. A login shell may greet first.
func TestRequestsShareOneSSH(t *testing.T) {
	standIn(t, `echo "Welcome to box"; echo; echo begun >>`+t.TempDir()+`/n; exec "$FAR"`)
	left := make(chan struct{})
	socket := agentAt(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/logs":
			_, _ = io.WriteString(w, "data: {}\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			close(left)
		default:
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %d", r.URL.Path, len(body))
		}
	})
	bridge := open(t, socket)
	client := &http.Client{Transport: &http.Transport{Protocols: protocols(), MaxConnsPerHost: 1,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return bridge.Dial(ctx) }}}
	ctx, giveUp := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://nexushub/v1/logs", nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if first, err := io.ReadAll(io.LimitReader(stream.Body, 10)); err != nil || string(first) != "data: {}\n\n" {
		t.Errorf("stream: %q, %v", first, err)
	}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			path, body := fmt.Sprintf("/%d", i), bytes.Repeat([]byte("x"), i<<14)
			res, err := client.Post("http://nexushub"+path, "", bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			got, err := io.ReadAll(res.Body)
			if want := fmt.Sprintf("%s %d", path, len(body)); string(got) != want || err != nil {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
	all.Wait()
	if len(bridge.links) != 1 {
		t.Errorf("%d times ssh", len(bridge.links))
	}
	giveUp()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Error("the agent still answers what was given up")
	}
}

// The far end, and ssh with it, ends when the command does.
func TestCloseEndsSSH(t *testing.T) {
	standIn(t, `"$FAR"; echo $? >`+os.DevNull)
	bridge := open(t, agentAt(t, func(w http.ResponseWriter, _ *http.Request) {}))
	if _, err := bridge.Client().Apps(t.Context()); err == nil {
		t.Error("an empty answer is no list")
	}
	bridge.Close()
	if err := bridge.links[0].err; err != nil {
		t.Errorf("ssh was killed: %v", err)
	}
}

func TestWhatIsInTheWay(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.sock")
	for name, c := range map[string]struct {
		script string
		code   int
		says   string
	}{
		"no login":      {"echo 'ops@box: Permission denied (publickey).' >&2; exit 255", 255, "Permission denied"},
		"no nexushub":   {"exec sh -c 'nexushub-is-not-here dial-stdio'", 127, "not found"},
		"no agent":      {`exec "$FAR"`, 4, "no such file or directory"},
		"another shell": {"exec yes hello", -1, ""},
		"nothing said":  {"exit 0", -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			standIn(t, c.script)
			t.Setenv("BRIDGE_SOCKET", none)
			var stderr bytes.Buffer
			_, err := Open(t.Context(), Target{Host: "box"}, none, &stderr)
			var ended *Ended
			switch {
			case c.code < 0 && (errors.As(err, &ended) || !errors.Is(err, api.Unavailable)),
				c.code > 0 && (!errors.As(err, &ended) || ended.Code != c.code):
				t.Errorf("%v, want exit code %d", err, c.code)
			}
			if !strings.Contains(stderr.String(), c.says) {
				t.Errorf("%q, want %q", stderr.String(), c.says)
			}
		})
	}
}

func TestNoSSH(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Open(t.Context(), Target{Host: "box"}, "x", io.Discard); !errors.Is(err, ErrNoSSH) {
		t.Error(err)
	}
}

// Who gives up while ssh asks for a password is not kept waiting.
func TestGivingUpEndsSSH(t *testing.T) {
	standIn(t, "exec sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := Open(ctx, Target{Host: "box"}, "x", io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
