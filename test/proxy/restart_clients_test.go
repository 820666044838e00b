package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/need"
)

// persistent sends one request after the other.
type persistent struct {
	name       string
	get        func(ctx context.Context) error
	sent, lost atomic.Int64
}

// TestRestartsUnderRealClients: whichever HTTP/2 client connects while the proxy
// restarts, none loses a request.
func TestRestartsUnderRealClients(t *testing.T) {
	if err := need.Commands(t.Context(), "chromium=chromium", "curl=curl", "nghttp=nghttp2-client"); err != nil {
		t.Fatal(err)
	}
	onSuites(t, web, func(t *testing.T, h *host) {
		clients := []*persistent{{name: "Go", get: h.getAnew(t)}, {name: "Go, more", get: h.getAnew(t)},
			{name: "curl", get: h.command("curl", "-sSk", "--http2", "--resolve", "web."+domain+port+":127.0.0.1", "https://web."+domain+port+"/public/x")},
			{name: "nghttp", get: h.command("nghttp", "--no-verify-peer", "-H", ":authority: web."+domain+port, "https://127.0.0.1"+port+"/public/x")}}
		b := h.browse(t, "web."+domain, "--ignore-certificate-errors") // each proxy makes a new key
		b.call("Network.enable", map[string]any{})
		b.call("Page.navigate", map[string]any{"url": "https://web." + domain + port + "/"})
		b.text("h1", is("web"))
		b.run(persistentFetch)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for _, c := range clients {
			running.Go(func() { c.loop(ctx, t) })
		}
		for range restarts {
			h.Must(t, "systemctl", "restart", "nexushub-proxy")
			for _, c := range clients {
				c.goesOn(t)
			}
		}
		stop()
		running.Wait()
		for _, c := range clients {
			t.Logf("%s: %d requests", c.name, c.sent.Load())
			if n := c.lost.Load(); n > 0 {
				t.Errorf("%s lost %d of %d", c.name, n, c.sent.Load())
			}
		}
		got, _ := b.run("`${sent} ${refused.join(', ')}`").(string)
		t.Log("Chromium:", got, b.failed)
		if sent, refused, _ := strings.Cut(got, " "); sent == "" || sent == "0" || refused != "" {
			t.Errorf("Chromium: %s", got)
		}
		for _, failure := range b.failed {
			if failure != neverSent {
				t.Errorf("Chromium: %s", failure)
			}
		}
	})
}

// neverSent is what Chromium says of a request that it was about to put on a connection
// when a GOAWAY came for it while others of that connection were in flight: it gives such
// a request up without having sent it, whatever the server does. (Without others in flight
// it connects anew; the proxy waits for such a pause, which this page hardly leaves.)
const neverSent = "net::ERR_FAILED"

const persistentFetch = `var sent = 0, refused = [];
async function again() {
	for (;;) {
		sent++;
		try {
			const r = await fetch('/public/x', {cache: 'no-store'});
			if (r.status != 200) refused.push(r.status);
			await r.text();
		} catch (e) {} // Network.loadingFailed says why
	}
}
for (let i = 0; i < 4; i++) again();
0`

func (c *persistent) loop(ctx context.Context, t *testing.T) {
	for ctx.Err() == nil {
		err := c.get(t.Context())
		c.sent.Add(1)
		if err != nil {
			c.lost.Add(1)
			t.Logf("%s: %v", c.name, err)
		}
	}
}

// goesOn returns once the client has got a few more answers.
func (c *persistent) goesOn(t *testing.T) {
	t.Helper()
	before := c.sent.Load()
	lab.Within(t, soon, c.name+" gets answers again", func() error {
		if c.sent.Load() < before+3 {
			return errors.New("it is waiting")
		}
		return nil
	})
}

// getAnew makes a new HTTP/2 connection for every two requests.
func (h *host) getAnew(t *testing.T) func(context.Context) error {
	return func(ctx context.Context) error {
		c := h.client(t, true)
		defer c.CloseIdleConnections()
		for range 2 {
			got, err := try(ctx, c, "GET", "web", "/public/x", "")
			if err == nil && got.StatusCode != http.StatusOK {
				err = errors.New(got.Status)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// command is a program of this host that prints the answer.
func (h *host) command(args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		out, err := h.inNetwork(ctx, args...).CombinedOutput()
		if err == nil && !strings.Contains(string(out), `"label":"one"`) {
			err = errors.New("no answer")
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
}
