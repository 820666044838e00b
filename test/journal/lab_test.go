// Package journal tests the log of an application on machines with a real journald.
package journal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// talker is the application on one machine.
type talker struct {
	t   *testing.T
	m   *lab.Machine
	id  string
	dir string // its package, to deploy it again
}

var program = sync.OnceValues(func() (string, error) {
	out := filepath.Join(os.TempDir(), fmt.Sprintf("nexushub-talker-%d", os.Getpid()))
	cmd := exec.Command("go", "build", "-o", out, "./talker")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return out, cmd.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// boot starts a machine with the talker on it.
func boot(t *testing.T, suite lab.Suite) *talker {
	t.Helper()
	m := lab.Boot(t, lab.Options{Suite: suite})
	m.MustInstall(t)
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	a := &talker{t: t, m: m, dir: "/srv/talker"}
	m.Must(t, "mkdir", "-p", a.dir+"/bin")
	data, err := os.ReadFile(bin)
	if err == nil {
		err = m.WriteFile(t.Context(), a.dir+"/bin/app", data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.deploy("1")
	return a
}

// deploy makes a new release, and with it a new unit.
func (a *talker) deploy(release string) {
	a.t.Helper()
	if err := a.m.WriteFile(a.t.Context(), a.dir+"/release", []byte(release), 0o644); err != nil {
		a.t.Fatal(err)
	}
	a.m.Must(a.t, "nexushub", "deploy", a.dir)
	a.id = a.app().ID
}

// client speaks to the agent over its own socket.
func (a *talker) client() *api.Client {
	return api.NewClient(fmt.Sprintf("/proc/%d/root%s", a.m.PID(), api.Socket))
}

// app waits until the application runs.
func (a *talker) app() api.App {
	a.t.Helper()
	var app api.App
	a.until("the talker runs", func() bool {
		got, err := a.client().App(a.t.Context(), "talker")
		app = got
		return err == nil && got.State == api.StateRunning
	})
	return app
}

func (a *talker) until(what string, done func() bool) {
	a.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			a.t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// ask sends a request to the application itself, past the proxy.
func (a *talker) ask(path, body string) {
	a.t.Helper()
	if err := a.request(a.t.Context(), path, body); err != nil {
		a.t.Fatal(err)
	}
}

func (a *talker) request(ctx context.Context, path, body string) error {
	port := a.app().Port
	client := &http.Client{Transport: &http.Transport{DialContext: a.m.DialContext, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, "POST", fmt.Sprintf("http://127.0.0.1:%d%s", port, path), bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if data, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, res.Status, data)
	}
	return nil
}

// log reads what there is now.
func (a *talker) log(q url.Values) (out []api.LogEntry) {
	a.t.Helper()
	q.Set("follow", "0")
	for e, err := range a.client().Logs(a.t.Context(), a.id, q, "") {
		if err != nil {
			a.t.Fatal(err)
		}
		if e.Entry != nil {
			out = append(out, *e.Entry)
		}
	}
	return out
}
