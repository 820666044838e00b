package agent

import (
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
)

// byTCP is a recognised application, as detection makes one.
func byTCP() detect.Result {
	r := nodeJS
	r.Manifest.Health.Type = "tcp"
	return r
}

func (h *host) wantCheck(id, kind, path string, found bool) {
	h.t.Helper()
	if got := h.view(id).Health; got.Type != kind || got.Path != path || got.Found != found {
		h.t.Errorf("its check is %+v, want %s %q, found %t", got, kind, path, found)
	}
}

// A well-known path takes over from a check that nobody has chosen, for this run, and what runs stays what
// it is.
func TestAWellKnownPathTakesOver(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.recognise(byTCP())
		h.health.page("/up", 200)
		h.app(shop, "shop.x")
		h.start()
		v := h.wantState(shop, api.StateRunning)
		h.wantCheck(shop, "http", "/up", true)
		if e, err := h.agent.Explain(t.Context(), shop, ""); err != nil || !strings.Contains(e.Withheld[1], "GET /up ") {
			t.Errorf("explained with %q, %v", e.Withheld, err)
		}
		h.kill() // another agent finds it again
		h.start()
		h.wantCheck(shop, "http", "/up", true)
		if now := h.view(shop); now.Unit != v.Unit || now.PID != v.PID || now.Restarts != v.Restarts {
			t.Errorf("was %s, %d; is %s, %d", v.Unit, v.PID, now.Unit, now.PID)
		}
		h.health.page("/up", 503)
		h.pass(21 * time.Second)
		if now := h.view(shop); now.Restarts != v.Restarts+1 || !strings.Contains(now.LastExit, "GET /up: answered 503") {
			t.Errorf("after its path failed twice: %s, %d restarts, %q", now.State, now.Restarts, now.LastExit)
		}
	})
}

// Whoever says how its health is found out is obeyed.
func TestAChosenCheckIsKept(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.recognise(byTCP())
		h.health.page("/healthz", 200)
		h.health.page("/status", 200)
		h.app(shop, "shop.x", func(a *config.App) { a.Manifest.Health.Type = "tcp" })
		h.app(blog, "blog.x", func(a *config.App) { a.Manifest.Health.Path = "/status" })
		h.start()
		h.wantCheck(shop, "tcp", "", false)
		h.wantCheck(blog, "http", "/status", false)
	})
}

// The front page of an open application that fails is a hint, and no illness.
func TestAFrontPageThatFailsIsAHint(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.recognise(byTCP())
		h.health.page("/", 500)
		h.app(shop, "shop.x")
		h.app(blog, "blog.x", func(a *config.App) {
			a.Manifest = manifest.Manifest{Access: manifest.AccessAreas, ProxyAll: true}
		})
		h.start()
		v, err := h.agent.WaitSettled(t.Context(), shop, "")
		if err != nil || len(v.Hints) != 1 || v.Hints[0].Name != "front-error" {
			t.Errorf("it ends as %+v, %v", v.Hints, err)
		}
		h.wantHint(blog, "")
		h.pass(time.Hour)
		v = h.wantState(shop, api.StateRunning)
		if v.Restarts > 0 || v.Health.Status != api.Healthy {
			t.Errorf("it is %+v after %d restarts", v.Health, v.Restarts)
		}
		h.health.page("/", 200)
		if _, err := h.agent.RestartApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		h.settle()
		h.wantHint(shop, "")
	})
}
