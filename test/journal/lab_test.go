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

// talker is a host with one application, which says what it is told to.
type talker struct {
	*lab.Host
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
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	a := &talker{Host: lab.NewHost(t, suite), dir: "/srv/talker"}
	a.MustCopyIn(t, bin, a.dir+"/bin/app")
	a.deploy(t, "1")
	return a
}

// deploy makes a new release, and with it a new unit.
func (a *talker) deploy(t *testing.T, release string) {
	t.Helper()
	a.Write(t, a.dir+"/release", release)
	a.Must(t, "nexushub", "deploy", a.dir)
	a.id = a.app(t).ID
}

// app waits until the application runs.
func (a *talker) app(t *testing.T) api.App {
	t.Helper()
	return a.AwaitState(t, "talker", api.StateRunning)
}

// ask sends a request to the application itself, past the proxy.
func (a *talker) ask(t *testing.T, path, body string) {
	t.Helper()
	if err := a.request(t.Context(), t, path, body); err != nil {
		t.Fatal(err)
	}
}

// answerLimit bounds an answer of the application, which comes when it has said everything.
const answerLimit = 2 * time.Minute

func (a *talker) request(ctx context.Context, t *testing.T, path, body string) error {
	t.Helper()
	port := a.app(t).Port
	client := &http.Client{Timeout: answerLimit, Transport: &http.Transport{DialContext: a.DialContext,
		DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, "POST", fmt.Sprintf("http://127.0.0.1:%d%s", port, path),
		bytes.NewBufferString(body))
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
func (a *talker) log(t *testing.T, q url.Values) (out []api.LogEntry) {
	t.Helper()
	q.Set("follow", "0")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for e, err := range a.API().Logs(ctx, a.id, q, "") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Entry != nil {
			out = append(out, *e.Entry)
		}
	}
	return out
}
