package agent

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// parts is an application with so many replicas of web and one worker.
func parts(web int) func(*config.App) {
	return func(a *config.App) {
		a.Manifest.Replicas = web
		a.Manifest.Processes = map[string]manifest.Process{"worker": {Exec: []string{"bin/worker"}}}
	}
}

// running lists what runs of an instance, "web.1 web.2 worker.1", sorted.
func (h *host) running(id string) string {
	h.t.Helper()
	var list []string
	for _, s := range h.unitsOf(id) {
		if s.Running() {
			list = append(list, s.Part())
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// routed lists the parts that requests to an instance are led to.
func (h *host) routed(id string) string {
	h.t.Helper()
	r, _ := h.proxy.route(id)
	var list []string
	for _, target := range r.AllTargets() {
		name := target.ID + " which is not there"
		for _, s := range h.unitsOf(id) {
			if s.Unit == target.ID {
				name = s.Part()
			}
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// unitOf is the unit of one part.
func (h *host) unitOf(id, part string) string {
	h.t.Helper()
	for _, s := range h.unitsOf(id) {
		if s.Part() == part {
			return s.Unit
		}
	}
	h.t.Fatalf("there is no %s", part)
	return ""
}

// want says what is to run and to get requests.
func (h *host) want(running, routed string) {
	h.t.Helper()
	if got := h.running(shop); got != running {
		h.t.Errorf("%q runs, want %q", got, running)
	}
	if got := h.routed(shop); got != routed {
		h.t.Errorf("requests go to %q, want %q", got, routed)
	}
}

// steady is long enough for a worker to count as healthy.
const steady = 6 * time.Second

// scale changes how many replicas of web there are to be.
func (h *host) scale(web int) {
	h.config.Apps[0].Manifest.Replicas = web
	h.agent.Reload(h.config, ProxyPorts{8443, 8443})
	h.pass(steady)
}

func TestReplicasStartAndScale(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", parts(4))
		h.start()
		h.want("web.1 web.2 web.3 web.4 worker.1", "web.1 web.2 web.3 web.4")
		h.wantState(shop, api.StateStarting) // its worker may still fail
		h.pass(steady)
		h.wantState(shop, api.StateRunning)
		first, revision := h.unitOf(shop, "web.1"), h.view(shop).Revision
		h.scale(1)
		h.want("web.1 worker.1", "web.1")
		if len(h.proxy.drains) != 3 || slices.Contains(h.proxy.drains, first) {
			t.Errorf("drained %v, want the three that are too many", h.proxy.drains)
		}
		h.scale(3)
		h.want("web.1 web.2 web.3 worker.1", "web.1 web.2 web.3")
		if v := h.view(shop); h.unitOf(shop, "web.1") != first || v.Revision != revision || v.Restarts != 0 {
			t.Errorf("%s of revision %s: to scale must not replace what runs", v.Unit, v.Revision)
		}
		if n := count(h.units.Calls(), "Start"); n != 5+2 {
			t.Errorf("%d starts, want the first five and two", n)
		}
		ports := map[int]bool{}
		for _, s := range h.unitsOf(shop) {
			if (s.Port != 0) != s.IsWeb() || s.Port != 0 && ports[s.Port] {
				t.Errorf("%s listens at port %d", s.Part(), s.Port)
			}
			ports[s.Port] = true
		}
	})
}

func TestReplicasAreReplacedWithoutAGap(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", parts(2))
		h.start()
		h.pass(steady)
		old := []string{h.unitOf(shop, "web.1"), h.unitOf(shop, "web.2")}
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.settle()
		r, _ := h.proxy.route(shop)
		if len(r.Targets) != 2 || !slices.Contains(old, r.Targets[0].ID) || !slices.Contains(old, r.Targets[1].ID) {
			t.Errorf("requests go to %+v before the new worker has proved itself, want %v", r.Targets, old)
		}
		h.want("web.1 web.1 web.2 web.2 worker.1 worker.1", "web.1 web.2")
		h.pass(steady)
		h.want("web.1 web.2 worker.1", "web.1 web.2")
		if v := h.wantState(shop, api.StateRunning); slices.Contains(old, v.Unit) {
			t.Errorf("%s is still of the old revision", v.Unit)
		}
		slices.Sort(h.proxy.drains)
		if slices.Sort(old); !slices.Equal(h.proxy.drains, old) {
			t.Errorf("drained %v, want %v", h.proxy.drains, old)
		}
	})
}

// TestOnePartFailsAndTheOldRevisionStays: its other parts are healthy, and go again.
func TestOnePartFailsAndTheOldRevisionStays(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", parts(2))
		h.start()
		h.pass(steady)
		before := h.unitsOf(shop)
		h.play(func(s units.Spec) fake.Program {
			if strings.HasSuffix(s.Release, "-v2") && s.Process == "worker" {
				return fake.Program{Fails: 3}
			}
			return fake.Program{}
		})
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(20 * time.Second)
		v := h.wantState(shop, api.StateRunning)
		if !strings.Contains(v.Why, "given up: worker.1: exit status 3") || !strings.Contains(v.LastExit, "last words") {
			t.Errorf("why = %q, last exit = %q; want which part failed, and its last lines", v.Why, v.LastExit)
		}
		h.want("web.1 web.2 worker.1", "web.1 web.2")
		for _, s := range before {
			if !slices.ContainsFunc(h.unitsOf(shop), func(o units.Status) bool { return o.Invocation == s.Invocation }) {
				t.Errorf("%s did not run on", s.Unit)
			}
		}
	})
}

func TestLostReplicaGetsNoRequests(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", parts(3))
		h.start()
		h.pass(steady)
		for range 3 {
			if err := h.units.Exit(h.unitOf(shop, "web.2"), units.Exit{Code: 2, Status: 9, Result: "signal"}); err != nil {
				t.Fatal(err)
			}
			h.settle()
			h.want("web.1 web.3 worker.1", "web.1 web.3")
			v := h.wantState(shop, api.StateRunning)
			if !strings.Contains(v.Error, "web.2: killed by signal 9") {
				t.Errorf("error %q, want which replica is down", v.Error)
			}
			h.pass(time.Minute) // PID 1, or the agent once it has failed twice, brings it back
			h.want("web.1 web.2 web.3 worker.1", "web.1 web.2 web.3")
		}
		h.health.set(fmt.Sprintf("127.0.0.1:%d", portOf(h, "web.3")), true)
		h.pass(35 * time.Second)
		if got := h.routed(shop); got != "web.1 web.2" {
			t.Errorf("requests go to %q while web.3 is ill", got)
		}
	})
}

func portOf(h *host, part string) int {
	for _, s := range h.unitsOf(shop) {
		if s.Part() == part {
			return s.Port
		}
	}
	return 0
}

// TestAgentRestartKeepsReplicas: also where it goes on in the middle of a replacement.
func TestAgentRestartKeepsReplicas(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", parts(3))
		h.start()
		h.pass(steady)
		before := h.units.Calls()
		h.kill()
		h.health.set("*", true) // slow to answer, say
		h.start()
		h.want("web.1 web.2 web.3 worker.1", "web.1 web.2 web.3")
		h.health.set("*", false)
		h.pass(steady)
		if after := h.units.Calls(); !slices.Equal(before, after) {
			t.Errorf("calls %v, want none of a new agent", after[len(before):])
		}
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		for range 8 {
			h.pass(700 * time.Millisecond)
			h.kill()
			h.start()
		}
		h.pass(steady)
		h.want("web.1 web.2 web.3 worker.1", "web.1 web.2 web.3")
		started := map[string]int{}
		for _, call := range h.units.Calls() {
			if unit, ok := strings.CutPrefix(call, "Start "); ok {
				started[unit]++
			}
		}
		for unit, n := range started {
			if n != 1 {
				t.Errorf("%s was started %d times", unit, n)
			}
		}
		if len(started) != 8 {
			t.Errorf("%d units were started, want four of each revision", len(started))
		}
	})
}

func TestReplicasOfALostState(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.releases.manifests = map[string]manifest.Manifest{"r1": {Replicas: 2,
			Processes: map[string]manifest.Process{"worker": {Exec: []string{"bin/worker"}}}}}
		h.agent.Debug().Put(plan.Instance{ID: shop, HostName: "shop.debug", AppID: "shop", Release: "r1"})
		h.agent.Debug().Restored()
		h.pass(steady)
		h.want("web.1 web.2 worker.1", "web.1 web.2")
		before := h.units.Calls()
		h.kill()
		h.wipe()
		h.start()
		h.want("web.1 web.2 worker.1", "web.1 web.2")
		h.proxy.setAway(true)
		h.agent.Debug().Restored()
		h.pass(time.Minute)
		h.wantState(shop, api.StateRunning)
		if after := h.units.Calls(); !slices.Equal(before, after) {
			t.Errorf("calls %v, want none: all of it was adopted", after[len(before):])
		}
	})
}

// TestReplicasRunOnThroughChangesOfTheirProvider: they are kept, and their registry is lost.
func TestReplicasRunOnThroughChangesOfTheirProvider(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.releases.manifests = map[string]manifest.Manifest{"r1": {Replicas: 2,
			Processes: map[string]manifest.Process{"worker": {Exec: []string{"bin/worker"}}}}}
		in := plan.Instance{ID: shop, HostName: "shop.debug", AppID: "shop", Release: "r1"}
		h.start()
		h.agent.Debug().Put(in)
		h.agent.Debug().Restored()
		h.agent.Deployed().Restored()
		h.pass(steady)
		before := h.units.Calls()
		in.UnitKind = plan.KindDebug
		h.agent.Deployed().Put(in)
		h.pass(steady)
		h.kill()
		h.wipe()
		h.start()
		h.agent.Deployed().Restored() // without it
		h.agent.Debug().Restored()
		h.pass(time.Minute)
		h.wantState(shop, api.StateRunning)
		h.want("web.1 web.2 worker.1", "web.1 web.2")
		if after := h.units.Calls(); !slices.Equal(before, after) {
			t.Errorf("calls %v, want none", after[len(before):])
		}
		for _, kind := range []Provider{h.agent.Debug(), h.agent.Deployed()} { // PID 1 knows the kind that it had
			if err := kind.Remove(t.Context(), shop); err == nil {
				break
			}
		}
		if left := h.unitsOf(shop); len(left) != 0 {
			t.Errorf("left %+v", left)
		}
	})
}

func TestStopStartAndRestartOfReplicas(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", parts(2))
		h.start()
		h.pass(steady)
		if _, err := h.agent.StopApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		if n := len(h.unitsOf(shop)); n != 0 {
			t.Errorf("%d units after a stop", n)
		}
		if v, err := h.agent.StartApp(t.Context(), shop); err != nil || v.State != api.StateRunning {
			t.Errorf("started: %s, %v", v.State, err)
		}
		h.want("web.1 web.2 worker.1", "web.1 web.2")
		old := h.unitOf(shop, "worker.1")
		if _, err := h.agent.RestartApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		h.settle()
		h.want("web.1 web.2 worker.1", "web.1 web.2")
		if h.unitOf(shop, "worker.1") == old {
			t.Error("a restart replaces every part")
		}
	})
}

// TestDeployWaitsForEveryPart: it does not end before the worker has failed, and says what did.
func TestDeployWaitsForEveryPart(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", parts(2))
		h.play(func(s units.Spec) fake.Program {
			if s.Process == "worker" {
				return fake.Program{Fails: 3}
			}
			return fake.Program{}
		})
		h.start()
		_, err := h.agent.WaitSettled(t.Context(), shop, "")
		if err == nil || !strings.Contains(err.Error(), "worker.1: exit status 3") {
			t.Errorf("error %v, want that the worker fails", err)
		}
		h.play(nil)
		if _, err := h.agent.StartApp(t.Context(), shop); err != nil {
			t.Error(err)
		}
		h.wantState(shop, api.StateRunning)
	})
}

// TestOneReplicaStoppedByHand stays down alone, until its operator or the boot ends that.
func TestOneReplicaStoppedByHand(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", parts(2))
		h.start()
		h.pass(steady)
		second := h.unitOf(shop, "web.2")
		stop := func() {
			if err := h.units.StopByHand(second); err != nil {
				t.Fatal(err)
			}
			h.pass(time.Minute)
			h.want("web.1 worker.1", "web.1")
			if v := h.wantState(shop, api.StateRunning); !strings.Contains(v.Why, "web.2: stopped by operator") || v.Error != "" {
				t.Errorf("why %q, error %q; want who stopped what, and no fault", v.Why, v.Error)
			}
		}
		stop()
		h.kill()
		h.start()
		h.pass(steady)
		h.want("web.1 worker.1", "web.1")
		if err := h.units.Restart(t.Context(), second); err != nil { // systemctl start
			t.Fatal(err)
		}
		h.pass(steady)
		h.want("web.1 web.2 worker.1", "web.1 web.2")
		stop()
		if _, err := h.agent.StartApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		h.want("web.1 web.2 worker.1", "web.1 web.2")
		for _, part := range []string{"web.1", "web.2", "worker.1"} {
			if err := h.units.StopByHand(h.unitOf(shop, part)); err != nil {
				t.Fatal(err)
			}
			h.settle()
		}
		h.pass(time.Minute)
		h.wantState(shop, api.StateStopped)
	})
}
