package agent

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

func TestStopAllOutlivesTheAgent(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.app(blog, "blog.yesterday.localhost")
		h.start()
		if err := h.agent.StopAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.kill()
		h.boot = "boot-2"
		h.start()
		h.pass(time.Minute)
		for _, id := range []string{shop, blog} {
			if v := h.wantState(id, api.StateStopped); !strings.Contains(v.Why, "stop --all") {
				t.Errorf("why %q, want that all were stopped", v.Why)
			}
		}
		if _, err := h.agent.StartApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		h.kill()
		h.start()
		h.wantState(shop, api.StateRunning)
		h.wantState(blog, api.StateRunning)
	})
}

// TestChangedHealthCheckIsANewRevision: what is healthy by the new check takes over, and
// until then the old one serves, judged by its own.
func TestChangedHealthCheckIsANewRevision(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		before := h.unitsOf(shop)[0]
		h.health.set("/ready", true)
		h.config.Apps[0].Health.Path = "/ready"
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(2 * time.Second)
		if r, _ := h.proxy.route(shop); r.Target == nil || r.Target.ID != before.Unit {
			t.Errorf("the route leads to %+v before the new check is passed", r.Target)
		}
		h.health.set("/ready", false)
		h.pass(30 * time.Second)
		v := h.wantState(shop, api.StateRunning)
		if v.Unit == before.Unit || len(h.unitsOf(shop)) != 1 {
			t.Errorf("%s runs, was %s: want a new revision alone", v.Unit, before.Unit)
		}
	})
}

// TestLostDebugApplicationCanBeRemoved: adopted from PID 1 it is left as it is, until
// it is installed anew or removed.
func TestLostDebugApplicationCanBeRemoved(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.agent.Debug().Put(plan.Instance{ID: shop, HostName: "shop.debug", AppID: "shop", Release: "r1"})
		h.agent.Debug().Restored()
		h.settle()
		before := h.unitsOf(shop)[0]
		h.kill()
		h.wipe()
		h.start()
		orphans := h.agent.Debug().Orphans()
		if len(orphans) != 1 || orphans[0].ID != shop || orphans[0].HostName != "shop.debug" {
			t.Fatalf("orphans %+v", orphans)
		}
		orphans[0].AsItRuns = true
		h.agent.Debug().Put(orphans[0])
		h.agent.Debug().Restored()
		h.pass(time.Minute)
		if v := h.wantState(shop, api.StateRunning); v.Unit != before.Unit || !strings.Contains(v.Why, "deploy it again") {
			t.Errorf("%s runs (%s), want %s as it is", v.Unit, v.Why, before.Unit)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := h.agent.Debug().Remove(ctx, shop); err != nil {
			t.Fatal(err)
		}
		if left := h.unitsOf(shop); len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
	})
}

func TestOperatorsExecStandsInForBinApp(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.releases.bare = true
		h.app(shop, "shop.yesterday.localhost", func(a *config.App) {
			a.Manifest = manifest.Manifest{Exec: []string{"server", "--port"}}
		})
		h.app(blog, "blog.yesterday.localhost")
		h.start()
		h.wantState(shop, api.StateRunning)
		if v := h.wantState(blog, api.StateFailed); !strings.Contains(v.Why, "bin/app") {
			t.Errorf("why %q, want that bin/app is missing", v.Why)
		}
	})
}

// A command that cannot be expanded is a problem of its application alone, which is
// mended as soon as its environment is.
func TestCommandNamesVariables(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.releases.bare = true
		exec := func(words ...string) func(*config.App) {
			return func(a *config.App) {
				a.Manifest = manifest.Manifest{Exec: words, Env: map[string]string{"MODE": "fast", "TOKEN": "plain"}}
			}
		}
		h.app(shop, "shop.yesterday.localhost", exec("server", "--port=$PORT", "$MODE", "$TOKEN"))
		h.app(blog, "blog.yesterday.localhost", exec("server", "$DB_PATH"))
		h.start()
		h.wantState(shop, api.StateRunning)
		if v := h.wantState(blog, api.StateFailed); !strings.Contains(v.Why, "unknown variable DB_PATH, known are HOST, MODE") {
			t.Errorf("why %q, want the variables that are known", v.Why)
		}
		if s := h.spec(shop); !s.Expand || s.Exec[1] != "--port=$PORT" {
			t.Errorf("started with %q, expand %v", s.Exec, s.Expand)
		}
		h.secret(shop, "TOKEN")
		if v := h.view(shop); !strings.Contains(v.Why, "TOKEN is a secret") {
			t.Errorf("why %q, want that a secret is no argument", v.Why)
		}
	})
}

// TestExitWhileTheAgentWasAway is known from the journal: PID 1 forgets it at the next
// start.
func TestExitWhileTheAgentWasAway(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.app(blog, "blog.yesterday.localhost")
		h.start()
		h.kill()
		unit := h.unitsOf(shop)[0].Unit
		if err := h.units.SetStatus(unit, func(s *units.Status) { s.NRestarts = 1 }); err != nil {
			t.Fatal(err)
		}
		h.start()
		h.settle()
		if v := h.wantState(shop, api.StateRunning); !strings.Contains(v.LastExit, "exit status 42") || v.Attempt != 0 {
			t.Errorf("last exit %q, attempt %d; want what the journal tells, not held against it", v.LastExit, v.Attempt)
		}
		if v := h.wantState(blog, api.StateRunning); v.LastExit != "" {
			t.Errorf("last exit %q of one that never ended", v.LastExit)
		}
	})
}
