package plan

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// TestRunBefore: what is due before anything of a new release starts.
func TestRunBefore(t *testing.T) {
	spec := wantNew().Spec
	spec.Instance, spec.Name, spec.Before = instanceA, "a", []string{"bin/migrate"}
	own := units.ReleaseCommand(spec)
	const another = units.ReleasePrefix + "a-00000000.service"
	command := func(name, active, sub, result string) *Unit {
		return aUnit(name, active, func(u *Unit) {
			u.Process, u.SubState, u.Result, u.Revision = units.ReleaseProcess, sub, result, "some"
			u.LastExit = units.Exit{Code: units.CodeExited, Status: 3}
		})
	}
	defined := func(u *Unit) *Unit { u.Definition = "its key"; return u }
	old := aUnit(oldUnit, "active", func(u *Unit) { u.Revision = "old" })
	for _, c := range []struct {
		name   string
		units  []*Unit
		change func(*Desired)
		want   string
		why    string
	}{
		{"not run yet", nil, nil, "release", "its release command runs: bin/migrate"},
		{"not run yet, beside the old one", []*Unit{old}, nil, "release", "is about to replace it: its release command runs"},
		{"runs", []*Unit{old, command(own.UnitName(), "activating", "start", "success")}, nil, "", "its release command runs"},
		{"succeeded", []*Unit{command(own.UnitName(), "active", "exited", "success")}, nil, "released", ""},
		{"failed", []*Unit{old, command(own.UnitName(), "failed", "failed", "exit-code")}, nil, "reject", ""},
		{"stopped by somebody", []*Unit{command(own.UnitName(), "inactive", "dead", "success")}, nil, "reject", ""},
		{"another one runs", []*Unit{command(another, "activating", "start", "success")}, nil, "",
			"waits for the release command of another revision"},
		{"another one has ended", []*Unit{command(another, "active", "exited", "success")}, nil, "stop release", ""},
		{"another one has succeeded, and nobody knows", []*Unit{defined(command(another, "active", "exited", "success"))}, nil,
			"release released", ""},
		{"another one has succeeded, and that is known", []*Unit{defined(command(another, "active", "exited", "success"))},
			func(d *Desired) { d.Released = []string{"its key"} }, "stop release", ""},
		{"another one has failed", []*Unit{defined(command(another, "failed", "failed", "exit-code"))}, nil,
			"stop release", ""},
		{"stopped just as it has succeeded", []*Unit{defined(command(own.UnitName(), "active", "exited", "success"))},
			func(d *Desired) { d.Stopped, d.Before = "by an operator", nil }, "released", ""},
		{"none", nil, func(d *Desired) { d.Before = nil }, "start", ""},
		{"done", []*Unit{command(own.UnitName(), "active", "exited", "success")}, func(d *Desired) { d.Before = nil },
			"stop start", ""},
		{"it runs already", []*Unit{aUnit(newUnit, "active")}, nil, "route", ""},
		{"the old one must not run beside it", []*Unit{old}, func(d *Desired) { d.Manifest.Replace = "stop-first" }, "unroute", ""},
		{"stopped", []*Unit{command(own.UnitName(), "activating", "start", "success")},
			func(d *Desired) { d.Stopped = "by an operator" }, "stop", ""},
		{"given up for ever", []*Unit{command(own.UnitName(), "failed", "failed", "exit-code")},
			func(d *Desired) { d.Problem, d.Before = "its release command failed", nil }, "stop", ""},
		{"given up for ever, and another runs", []*Unit{command(another, "activating", "start", "success")},
			func(d *Desired) { d.Problem, d.Before = "its release command failed", nil }, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := wantNew()
			d.Manifest = manifest.Default()
			d.Before = &own
			if c.change != nil {
				c.change(&d)
			}
			seen := Observed{Units: c.units}
			for _, u := range c.units {
				if u == old {
					seen.Served, seen.Target = []string{oldUnit}, []string{oldUnit}
				}
			}
			current := Current{Apps: map[string]Observed{instanceA: seen}}
			s := current.Of(&d, noon)
			var got []string
			for _, task := range Make([]AppState{s}, current, noon) {
				got = append(got, task.Action.String())
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("steps %q, want %q", text, c.want)
			}
			if p := s.Phase(); !strings.Contains(p.Why, c.why) || c.why != "" && p.State == api.StateFailed {
				t.Errorf("phase %+v, want %q", p, c.why)
			}
		})
	}
}

func TestMemoryOfReleaseCommands(t *testing.T) {
	var m Memory
	spec := units.Spec{Instance: instanceA, Release: "r1", Before: []string{"migrate"}}
	if m.HasReleased(spec) {
		t.Error("nothing ran yet")
	}
	m.Release(spec.BeforeKey())
	same := spec
	same.Serial, same.Sandbox, same.MemoryMax, same.Health = 7, 9, 1<<30, "tcp"
	other := []units.Spec{spec, spec, spec, spec}
	other[0].Release = "r2"
	other[1].Before = []string{"migrate", "--all"}
	other[2].Env = map[string]string{"DATABASE": "x"}
	other[3].SecretsHash = "x"
	if !m.HasReleased(same) {
		t.Error("it runs again for a restart, another limit or another sandbox")
	}
	for _, o := range other {
		if m.HasReleased(o) {
			t.Errorf("it does not run for %+v", o)
		}
	}
	for i := range 2 * maxReleased {
		m.Release(strings.Repeat("x", i+1))
	}
	if len(m.Released) != maxReleased || m.HasReleased(spec) {
		t.Errorf("%d are remembered", len(m.Released))
	}
}
