package plan

import (
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/proxyctl"
)

func TestPhaseAndRoute(t *testing.T) {
	later := noon.Add(time.Minute)
	files := func(d *Desired) { d.Good = &Good{Release: fact.Release{Hash: "files", Dir: "/files", Static: true}} }
	active := func(u *Unit) { u.SubState = "start"; u.Health.State = "unknown" }
	tests := []struct {
		name    string // why this is the word
		desired func(*Desired)
		units   []*Unit
		served  string
		trouble Trouble
		state   api.State
		route   string
	}{
		{name: "nothing was done yet", state: api.StatePending, route: proxyctl.StateStarting},
		{name: "nothing is installed yet", desired: func(d *Desired) { d.Package, d.Revision, d.Unit = "", "", "" },
			state: api.StatePending, route: proxyctl.StateDown},
		{name: "files need no process", desired: func(d *Desired) { d.Revision, d.Unit = "", "" }, state: api.StateRunning,
			route: proxyctl.StateReady},
		{name: "PID 1 starts it", units: []*Unit{aUnit(newUnit, "activating", active)}, state: api.StateStarting,
			route: proxyctl.StateStarting},
		{name: "it runs and was not asked yet", units: []*Unit{aUnit(newUnit, "active", unknown)}, state: api.StateStarting,
			route: proxyctl.StateStarting},
		{name: "it is healthy and has no requests yet", units: []*Unit{aUnit(newUnit, "active")}, state: api.StateStarting,
			route: proxyctl.StateStarting},
		{name: "it is healthy and served", units: []*Unit{aUnit(newUnit, "active")}, served: newUnit, state: api.StateRunning,
			route: proxyctl.StateReady},
		{name: "the agent is new and has not asked it yet",
			units: []*Unit{aUnit(newUnit, "active", unknown,
				func(u *Unit) { u.Adopted = true })}, served: newUnit, state: api.StateUnknown, route: proxyctl.StateReady},
		{name: "unhealthy, and still served: it may answer something", units: []*Unit{aUnit(newUnit, "active", unhealthy)},
			served: newUnit, state: api.StateUnhealthy, route: proxyctl.StateReady},
		{name: "crashed, PID 1 waits; requests are held", units: []*Unit{aUnit(newUnit, "activating")}, served: newUnit,
			state: api.StateBackingOff, route: proxyctl.StateStarting},
		{name: "the agent waits; requests are refused", trouble: Trouble{Attempt: 3, NextTry: later},
			state: api.StateBackingOff, route: proxyctl.StateDown},
		{name: "replaced: the old one serves", units: []*Unit{aUnit(oldUnit, "active"), aUnit(newUnit, "active", unknown)},
			served: oldUnit, state: api.StateRunning, route: proxyctl.StateReady},
		{name: "stopped by somebody", desired: func(d *Desired) { d.Stopped = "x" }, state: api.StateStopped,
			route: proxyctl.StateDown},
		{name: "being stopped", desired: func(d *Desired) { d.Stopped = "x" }, units: []*Unit{aUnit(newUnit, "active")},
			state: api.StateStopping, route: proxyctl.StateDown},
		{name: "failed for good", units: []*Unit{aUnit(newUnit, "failed")}, state: api.StateFailed, route: proxyctl.StateStarting},
		{name: "files serve until the process that replaces them is ready", desired: files,
			units: []*Unit{aUnit(newUnit, "active", unknown)}, state: api.StateRunning, route: proxyctl.StateReady},
		{name: "it crashes, and the files serve", desired: files, units: []*Unit{aUnit(newUnit, "activating")},
			trouble: Trouble{Attempt: 1}, state: api.StateRunning, route: proxyctl.StateReady},
		{name: "it has taken over and crashed before all of it was good: the files serve again", desired: files,
			units: []*Unit{aUnit(newUnit, "activating")}, served: newUnit, state: api.StateRunning, route: proxyctl.StateReady},
		{name: "it has taken over from files", desired: files, units: []*Unit{aUnit(newUnit, "active")}, served: newUnit,
			state: api.StateRunning, route: proxyctl.StateReady},
		{name: "it was given up, and the files stay", state: api.StateRunning, route: proxyctl.StateReady,
			desired: func(d *Desired) { files(d); d.Fallback, d.Revision, d.Unit = true, "", "" }},
		{name: "there is no package, and the files stay", state: api.StateRunning, route: proxyctl.StateReady,
			desired: func(d *Desired) { files(d); d.Problem, d.Revision, d.Unit = "x", "", "" }},
		{name: "a folder that is its own release is gone, and so are its files", state: api.StateFailed,
			route:   proxyctl.StateDown,
			desired: func(d *Desired) { files(d); d.Problem, d.Revision, d.Unit, d.Package = "x", "", "", "/files" }},
		{name: "stopped: files, too", state: api.StateStopped, route: proxyctl.StateDown,
			desired: func(d *Desired) { files(d); d.Stopped = "x" }},
		{name: "stopped, and there is no package", state: api.StateStopped, route: proxyctl.StateDown,
			desired: func(d *Desired) { d.Problem, d.Revision, d.Unit, d.Stopped = "x", "", "", "y" }},
		{name: "no package and nothing runs", desired: func(d *Desired) { d.Problem, d.Revision, d.Unit = "x", "", "" },
			state: api.StateFailed, route: proxyctl.StateDown},
		{name: "no package, but it keeps running", desired: func(d *Desired) { d.Problem, d.Revision, d.Unit = "x", "", "" },
			units: []*Unit{aUnit(oldUnit, "active")}, served: oldUnit, state: api.StateRunning, route: proxyctl.StateReady},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := wantNew()
			if tt.desired != nil {
				tt.desired(&d)
			}
			d = alone(d)
			seen := Observed{Units: tt.units, Served: in(tt.served), Failures: failing(newUnit, tt.trouble)}
			s := Current{Apps: map[string]Observed{instanceA: seen}}.Of(&d, noon)
			if p := s.Phase(); p.State != tt.state {
				t.Errorf("state = %s (%s), want %s", p.State, p.Why, tt.state)
			}
			if got := s.routeState(); got != tt.route {
				t.Errorf("route = %s, want %s", got, tt.route)
			}
			if r := s.route(); (r.StaticDir == "/files/static") != s.ServedByFiles() || r.Target != nil && s.ServedByFiles() {
				t.Errorf("route = %+v, files serve: %t", r, s.ServedByFiles())
			}
		})
	}
}
