package agent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/ports"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

const (
	shop = "aaaaaaaa-0000-4000-8000-000000000001"
	blog = "aaaaaaaa-0000-4000-8000-000000000002"
)

func TestFirstStart(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.app(blog, "blog.yesterday.localhost")
		h.start()
		for _, id := range []string{shop, blog} {
			v := h.wantState(id, api.StateRunning)
			r, ok := h.proxy.route(id)
			if !ok || r.State != "ready" || r.Target == nil || r.Target.ID != v.Unit {
				t.Errorf("route of %s = %+v, want ready to %s", v.Name, r, v.Unit)
			}
		}
		select {
		case <-h.agent.Ready():
		default:
			t.Error("not ready although all applications run")
		}
	})
}

func TestNoRequestsBeforeHealthy(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.health.set("*", true)
		h.start()
		h.wantState(shop, api.StateStarting)
		if r, _ := h.proxy.route(shop); r.State != "starting" || r.Target != nil {
			t.Errorf("route = %+v, want held without a target", r)
		}
		h.health.set("*", false)
		h.settle()
		h.wantState(shop, api.StateRunning)
	})
}

func TestAgentRestartAdopts(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		before := h.unitsOf(shop)[0]
		h.kill()
		h.start()
		after := h.unitsOf(shop)
		if len(after) != 1 || after[0].MainPID != before.MainPID || after[0].Invocation != before.Invocation {
			t.Errorf("units after = %+v, want %+v untouched", after, before)
		}
		h.wantState(shop, api.StateRunning)
		if n := count(h.units.Calls(), "Start"); n != 1 {
			t.Errorf("%d starts, want the first one alone", n)
		}
	})
}

func TestAdoptionNeverDropsARoute(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		unit := h.view(shop).Unit
		h.kill()
		h.health.set("*", true) // slow to answer, say
		h.start()
		h.pass(5 * time.Second)
		if r, _ := h.proxy.route(shop); r.Target == nil || r.Target.ID != unit {
			t.Errorf("route = %+v, want it to stay with %s", r, unit)
		}
	})
}

func TestReplacementWithoutAGap(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		old := h.view(shop).Unit
		h.health.set("*", true)
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.settle()
		h.health.set("*", false)
		if n := len(h.unitsOf(shop)); n != 2 {
			t.Fatalf("%d units while the new one is not healthy, want both", n)
		}
		if r, _ := h.proxy.route(shop); r.Target.ID != old || strings.Contains(r.StaticDir, "-v2") {
			t.Errorf("route leads to %s with the files in %s before the new one is healthy", r.Target.ID, r.StaticDir)
		}
		h.settle()
		v := h.wantState(shop, api.StateRunning)
		if list := h.unitsOf(shop); len(list) != 1 || list[0].Unit == old || v.Unit != list[0].Unit {
			t.Errorf("units = %+v, want the new one alone", list)
		}
		if !slices.Equal(h.proxy.drains, []string{old}) {
			t.Errorf("drained %v, want %s", h.proxy.drains, old)
		}
	})
}

func TestFailedRevisionLeavesTheOldOneUntouched(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		before := h.unitsOf(shop)[0]
		h.play(func(s units.Spec) fake.Program {
			if strings.HasSuffix(s.Release, "-v2") {
				return fake.Program{Fails: 3}
			}
			return fake.Program{}
		})
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(10 * time.Second)
		v := h.wantState(shop, api.StateRunning)
		if !strings.Contains(v.Why, "given up") || !strings.Contains(v.LastExit, "exit status 3") ||
			!strings.Contains(v.LastExit, "last words") {
			t.Errorf("why = %q, last exit = %q; want the failure and the last lines", v.Why, v.LastExit)
		}
		list := h.unitsOf(shop)
		if len(list) != 1 || list[0].Invocation != before.Invocation {
			t.Errorf("units = %+v, want the old one untouched", list)
		}
		starts := count(h.units.Calls(), "Start")
		h.pass(10 * time.Minute)
		if n := count(h.units.Calls(), "Start"); n != starts {
			t.Errorf("the bad revision was started %d times more", n-starts)
		}
		h.kill()
		h.start()
		h.pass(time.Minute)
		if n := count(h.units.Calls(), "Start"); n != starts {
			t.Errorf("after a restart of the agent the bad revision was tried again")
		}
	})
}

// A health check that was mistyped must not bring down what was healthy by the old one.
func TestFallbackKeepsItsOwnHealthCheckAndFiles(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		before := h.unitsOf(shop)[0]
		h.health.set("/mistyped", true)
		h.config.Apps[0].Health.Path = "/mistyped"
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(10 * time.Minute)
		if v := h.wantState(shop, api.StateRunning); !strings.Contains(v.Why, "given up") {
			t.Errorf("why = %q, want that the new revision was given up", v.Why)
		}
		if list := h.unitsOf(shop); len(list) != 1 || list[0].Invocation != before.Invocation {
			t.Errorf("units = %+v, want the old one untouched", list)
		}
		if r, _ := h.proxy.route(shop); strings.Contains(r.StaticDir, "-v2") {
			t.Errorf("files are served from %s, which was given up", r.StaticDir)
		}
	})
}

func TestCrashLoopBacksOff(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 7} })
		h.start()
		h.pass(3 * time.Second)
		v := h.wantState(shop, api.StateBackingOff)
		if v.Attempt != 2 || v.NextTry == nil || !strings.Contains(v.LastExit, "7") {
			t.Errorf("view = %+v, want attempt 2 with a next try and exit status 7", v)
		}
		h.pass(5 * time.Minute)
		starts := count(h.units.Calls(), "Start")
		h.pass(10 * time.Minute)
		if n := count(h.units.Calls(), "Start") - starts; n < 35 || n > 50 {
			t.Errorf("%d starts in 10 minutes, want about one in 14 s", n)
		}
		h.play(nil)
		h.pass(30 * time.Second)
		h.wantState(shop, api.StateRunning)
		h.pass(2 * time.Minute)
		if v := h.view(shop); v.Attempt != 0 {
			t.Errorf("attempt = %d after healthy minutes, want 0", v.Attempt)
		}
	})
}

func TestTrap12BackoffResets(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		crash := func() { h.units.Exit(h.view(shop).Unit, units.Exit{Code: 1, Status: 1, Result: "exit-code"}) }
		for range 5 {
			crash()
			h.pass(20 * time.Second)
		}
		h.wantState(shop, api.StateRunning)
		if v := h.view(shop); v.Attempt != 5 {
			t.Errorf("attempt = %d, want 5", v.Attempt)
		}
		h.pass(10 * time.Minute)
		crash()
		h.pass(2500 * time.Millisecond) // PID 1's own delay is 2 s
		if v := h.wantState(shop, api.StateRunning); v.Attempt != 1 {
			t.Errorf("attempt = %d, want 1: the failures before were forgotten", v.Attempt)
		}
	})
}

func TestIllHealthRestarts(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		before := h.unitsOf(shop)[0]
		h.health.set("*", true)
		h.pass(25 * time.Second)
		if n := count(h.units.Calls(), "Restart"); n != 1 {
			t.Errorf("%d restarts, want 1", n)
		}
		h.health.set("*", false)
		h.settle()
		h.wantState(shop, api.StateRunning)
		if after := h.unitsOf(shop)[0]; after.Invocation == before.Invocation {
			t.Error("the unit was not restarted")
		}
	})
}

func TestOperatorStopIsRespected(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		h.units.StopByHand(h.view(shop).Unit)
		h.settle()
		v := h.wantState(shop, api.StateStopped)
		if !strings.Contains(v.Why, "stopped by operator") {
			t.Errorf("why = %q", v.Why)
		}
		if r, _ := h.proxy.route(shop); r.State != "down" {
			t.Errorf("route = %+v, want down", r)
		}
		h.pass(time.Hour)
		h.kill()
		h.start()
		h.wantState(shop, api.StateStopped)
		if _, err := h.agent.StartApp(t.Context(), "shop"); err != nil {
			t.Fatal(err)
		}
		h.wantState(shop, api.StateRunning)
	})
}

func TestOperatorStopEndsWithTheBoot(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		h.units.StopByHand(h.view(shop).Unit)
		h.settle()
		h.kill()
		h.boot = "boot-2"
		h.start()
		h.wantState(shop, api.StateRunning)
	})
}

func TestNexushubStopOutlivesTheBoot(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		if v, err := h.agent.StopApp(t.Context(), shop); err != nil || v.State != api.StateStopped {
			t.Fatalf("StopApp = %+v, %v", v, err)
		}
		if n := len(h.unitsOf(shop)); n != 0 {
			t.Errorf("%d units left", n)
		}
		h.kill()
		h.boot = "boot-2"
		h.start()
		h.pass(time.Minute)
		h.wantState(shop, api.StateStopped)
	})
}

func TestRestartReplaces(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		old := h.view(shop).Unit
		v, err := h.agent.RestartApp(t.Context(), "shop.yesterday.localhost")
		if err != nil || v.Unit == old || v.State != api.StateRunning {
			t.Errorf("RestartApp = %+v, %v; want another unit", v, err)
		}
	})
}

func TestRollback(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		first := h.view(shop).Release
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.settle()
		if v := h.view(shop); v.Release == first {
			t.Fatalf("release = %s, want the second", v.Release)
		}
		v, err := h.agent.Rollback(t.Context(), "shop", "")
		if err != nil || v.Release != first {
			t.Fatalf("Rollback = %+v, %v; want %s", v, err, first)
		}
		h.kill()
		h.start()
		if v := h.wantState(shop, api.StateRunning); v.Release != first {
			t.Errorf("release after a restart of the agent = %s, want %s still", v.Release, first)
		}
		h.releases.deploy("-v3")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.settle()
		if v := h.view(shop); !strings.HasSuffix(v.Release, "-v3") {
			t.Errorf("release = %s, want the newly deployed one", v.Release)
		}
	})
}

func TestProxyAway(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.proxy.setAway(true)
		h.start()
		h.pass(20 * time.Second)
		select {
		case <-h.agent.Ready():
		default:
			t.Error("the start waits for a proxy that is away")
		}
		if v := h.wantState(shop, api.StateStarting); !strings.Contains(v.Why, "proxy") {
			t.Errorf("why = %q, want the proxy named", v.Why)
		}
		h.proxy.setAway(false)
		h.pass(3 * time.Second)
		h.wantState(shop, api.StateRunning)
	})
}

func TestRemovalIsExplicit(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		h.releases.fail["/srv/shop.yesterday.localhost"] = errors.New("no such file")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(time.Minute)
		if v := h.wantState(shop, api.StateRunning); !strings.Contains(v.Why, "no such file") {
			t.Errorf("why = %q, want the problem", v.Why)
		}
		empty := *h.config
		empty.Apps = nil
		h.agent.Reload(&empty, ProxyPorts{8443, 8443})
		h.settle()
		if list := h.unitsOf(shop); len(list) != 0 {
			t.Errorf("units = %+v, want none after the removal", list)
		}
		if _, ok := h.proxy.route(shop); ok {
			t.Error("the route is still there")
		}
		if _, err := h.agent.App(shop); !errors.Is(err, api.NotFound) {
			t.Errorf("error = %v, want not found", err)
		}
	})
}

func TestLostStateIsRebuiltFromPID1(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.agent.Debug().Put(plan.Instance{ID: shop, HostName: "shop.debug", AppID: "shop", Release: "r1"})
		h.agent.Debug().Restored()
		h.settle()
		before := h.unitsOf(shop)[0]
		h.kill()
		if err := h.state.Save("instances", "x"); err != nil {
			t.Fatal(err)
		}
		h.wipe()
		h.start()
		h.agent.Debug().Restored()
		h.pass(time.Minute)
		v := h.wantState(shop, api.StateRunning)
		if after := h.unitsOf(shop); len(after) != 1 || after[0].Invocation != before.Invocation || v.Unit != before.Unit {
			t.Errorf("units = %+v, want %+v untouched", after, before)
		}
	})
}

func TestStopFirst(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", func(a *config.App) { a.Replace = "stop-first" })
		h.start()
		if _, err := h.agent.RestartApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		calls := h.units.Calls()
		stop := slices.IndexFunc(calls, func(c string) bool { return strings.HasPrefix(c, "Stop") })
		lastStart := len(calls) - 1 - slices.IndexFunc(reversed(calls),
			func(c string) bool { return strings.HasPrefix(c, "Start") })
		if stop < 0 || stop > lastStart {
			t.Errorf("calls = %v, want the stop before the second start", calls)
		}
	})
}

func TestCannotBeStarted(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.play(func(units.Spec) fake.Program { return fake.Program{Missing: true} })
		h.start()
		h.pass(5 * time.Second)
		v := h.wantState(shop, api.StateBackingOff)
		if !strings.Contains(v.LastExit, "cannot be executed") {
			t.Errorf("last exit = %q", v.LastExit)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := h.agent.StartApp(ctx, shop); !errors.Is(err, api.Failed) {
			t.Errorf("StartApp = %v, want failed", err)
		}
	})
}

func TestIdleCostsNothing(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		h.pass(time.Minute)
		n := len(h.units.Calls())
		h.pass(10 * time.Minute)
		if more := len(h.units.Calls()) - n; more > 10 {
			t.Errorf("%d calls to PID 1 in ten idle minutes", more)
		}
	})
}

func count(calls []string, method string) int {
	n := 0
	for _, c := range calls {
		if strings.HasPrefix(c, method+" ") || c == method {
			n++
		}
	}
	return n
}

func reversed(s []string) []string {
	r := slices.Clone(s)
	slices.Reverse(r)
	return r
}

func TestStateIsSavedSoon(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		h.pass(time.Second)
		var saved map[string]*plan.Memory
		if found, err := h.state.Load(instancesFile, &saved); !found || err != nil || saved[shop] == nil ||
			saved[shop].Good == nil {
			t.Errorf("saved = %v, %v, %v; want the good revision of the shop", saved, found, err)
		}
	})
}

func TestStateIsSavedAtTheEnd(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		h.app(blog, "blog.yesterday.localhost")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(time.Millisecond)
		h.kill()
		var saved ports.Saved
		if found, err := h.state.Load(portsFile, &saved); !found || err != nil || len(saved.Leases) != 2 {
			t.Errorf("saved = %v, %v, %v; want two leases", saved, found, err)
		}
	})
}

// A task that waits for the proxy must not make the agent deaf.
func TestCrashDuringARouteIsSeen(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.start()
		h.proxy.setAway(true)
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(2 * time.Second) // the new one is healthy, and its route waits
		var fresh string
		for _, u := range h.unitsOf(shop) {
			if strings.HasSuffix(u.Release, "-v2") {
				fresh = u.Unit
			}
		}
		h.units.Exit(fresh, units.Exit{Code: 1, Status: 9, Result: "exit-code"})
		h.pass(time.Second)
		h.proxy.setAway(false)
		h.pass(30 * time.Second)
		if v := h.wantState(shop, api.StateRunning); v.Unit != fresh || !strings.Contains(v.LastExit, "9") {
			t.Errorf("view = %+v, want %s with its crash known", v, fresh)
		}
	})
}
