package plan

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// The revisions of one instance that the cases speak of.
const (
	instanceA = "11111111-1111-4111-8111-111111111111"
	oldUnit   = "nexushub-app-a-old.service"
	newUnit   = "nexushub-app-a-new.service"
)

func wantNew() Desired {
	return alone(Desired{
		Instance: Instance{ID: instanceA, Kind: KindStatic, HostName: "a.test", Package: "/srv/a"}, Name: "a",
		Revision: "new", Unit: newUnit, Spec: units.Spec{Instance: instanceA, Network: "port"},
		Manifest: manifest.Default(),
	})
}

func with(d Desired, f func(*Desired)) []Desired { f(&d); return []Desired{alone(d)} }

// alone is d with nothing to run but the first replica of web, if that.
func alone(d Desired) Desired {
	d.Replicas = nil
	if d.Runs() {
		d.Replicas = []Replica{{Process: manifest.Web, N: 1, Spec: d.Spec, Unit: d.Unit, Health: d.Manifest.Health}}
	}
	return d
}

// in is one name, or none.
func in(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// failing is the trouble of one unit.
func failing(unit string, t Trouble) *Failures {
	f := &Failures{}
	f.Of(unit).Trouble = t
	return f
}

func aUnit(name, active string, f ...func(*Unit)) *Unit {
	u := &Unit{Status: units.Status{
		Unit: name, Instance: instanceA, Process: manifest.Web, Replica: 1, Kind: KindStatic, App: "a",
		LoadState: "loaded", ActiveState: active,
		SubState: map[string]string{"active": "running", "activating": "auto-restart", "failed": "failed"}[active],
		ActiveAt: noon.Add(-time.Hour), Invocation: "1",
	}, Probed: true, Health: fact.Health{State: fact.Healthy}}
	for _, f := range f {
		f(u)
	}
	return u
}

func unhealthy(u *Unit) {
	u.Health = fact.Health{State: fact.Unhealthy, Failures: 2, Problem: "answered 503"}
}

func unknown(u *Unit) { u.Health = fact.Health{State: fact.Unknown} }

func drained(u *Unit) { u.Drained = true }

// plan makes a plan for what is desired.
func plan(desired []Desired, current Current, now time.Time) []Task {
	return Make(current.AppStates(desired, now), current, now)
}

func TestPlan(t *testing.T) {
	later, before := noon.Add(time.Second), noon.Add(-time.Second)
	tests := []struct {
		name    string // why this is right
		desired []Desired
		units   []*Unit
		served  string
		trouble Trouble
		of      string // unit in trouble; empty: the new one
		busy    bool
		partial bool
		want    string // action unit: part of the reason
	}{
		{name: "what should run and does not is started",
			desired: []Desired{wantNew()}, want: "start new: it should run"},
		{name: "one task at a time: an instance with one in hand gets no other",
			desired: []Desired{wantNew()}, busy: true, want: ""},
		{name: "nothing differs, nothing is done",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "active")}, served: newUnit, want: ""},
		{name: "requests come only once it is healthy",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "active", unknown)}, want: ""},
		{name: "healthy, so requests may come",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "active")}, want: "route new: it is healthy"},
		{name: "a changed revision starts beside the old one",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(oldUnit,
				"active")}, served: oldUnit, want: "start new: replaces"},
		{name: "the old one keeps the requests until the new one is healthy",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(oldUnit, "active"),
				aUnit(newUnit, "active", unknown)}, served: oldUnit, want: ""},
		{name: "then the new one gets them",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(oldUnit, "active"),
				aUnit(newUnit, "active")}, served: oldUnit, want: "route new: replaces"},
		{name: "then the old one is drained",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(oldUnit, "active"),
				aUnit(newUnit, "active")}, served: newUnit, want: "drain old: has taken over"},
		{name: "and only then stopped",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(oldUnit, "active", drained),
				aUnit(newUnit, "active")}, served: newUnit, want: "stop old: has taken over"},
		{name: "one that does not run any more needs no drain",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(oldUnit, "failed"),
				aUnit(newUnit, "active")}, served: newUnit, want: "stop old: has taken over"},
		{name: "what does not stop in its time is killed, whatever it says",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(oldUnit, "deactivating",
				func(u *Unit) {
					u.Since, u.StopTimeout = noon.Add(-time.Minute),
						5*time.Second
				}), aUnit(newUnit, "active")}, served: newUnit, want: "kill old: grace period of 5s is over"},
		{name: "until then it is left alone",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "deactivating",
				func(u *Unit) { u.Since, u.StopTimeout = noon, 5*time.Second })}, served: newUnit, want: ""},
		{name: "a unit that may have variables that are withheld from the next ends first",
			desired: with(wantNew(), func(d *Desired) { d.Withheld = []string{"API"} }),
			units:   []*Unit{aUnit(oldUnit, "active", drained)}, want: "stop old: must not run beside"},
		{name: "stop-first takes the requests away first",
			desired: with(wantNew(), func(d *Desired) { d.Manifest.Replace = "stop-first" }),
			units:   []*Unit{aUnit(oldUnit, "active")}, served: oldUnit, want: "unroute old: cannot run beside"},
		{name: "then drains",
			desired: with(wantNew(), func(d *Desired) { d.Manifest.Replace = "stop-first" }),
			units:   []*Unit{aUnit(oldUnit, "active")}, want: "drain old: cannot run beside"},
		{name: "then stops; the start follows when nothing is left",
			desired: with(wantNew(), func(d *Desired) { d.Manifest.Replace = "stop-first" }),
			units:   []*Unit{aUnit(oldUnit, "active", drained)}, want: "stop old: cannot run beside"},
		{name: "before the next try is due nothing happens",
			desired: []Desired{wantNew()}, trouble: Trouble{Attempt: 2, NextTry: later}, want: ""},
		{name: "when it is due it is started, and the reason says how often it failed",
			desired: []Desired{wantNew()}, trouble: Trouble{Attempt: 2, NextTry: before,
				LastExit: "exit status 3"}, want: "start new: try 3 after: exit status 3"},
		{name: "the failures of another revision do not count",
			desired: []Desired{wantNew()}, of: oldUnit, trouble: Trouble{Attempt: 9,
				NextTry: later}, want: "start new: it should run"},
		{name: "a first crash is PID 1's to mend",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "activating")}, served: newUnit,
			trouble: Trouble{Attempt: 1}, want: ""},
		{name: "a crash loop is taken over: stopped now, started later",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "activating")}, served: newUnit,
			trouble: Trouble{Attempt: 2, NextTry: later,
				LastExit: "exit status 3"}, want: "stop new: failure 2 in a row"},
		{name: "a crash loop behind a socket is left to PID 1, so that the socket stays open",
			desired: with(wantNew(), func(d *Desired) { d.Spec.Network = "socket" }), units: []*Unit{aUnit(newUnit,
				"activating")}, served: newUnit,
			trouble: Trouble{Attempt: 2, NextTry: later}, want: ""},
		{name: "the first time it is unhealthy it is restarted at once",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "active", unhealthy)}, served: newUnit,
			trouble: Trouble{Attempt: 1,
				LastExit: "health check failed"}, want: "restart new: health check failed"},
		{name: "healthy for long enough, its failure count is reset",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "active")}, served: newUnit,
			trouble: Trouble{Attempt: 1, Forgiven: true}, want: "reset new: long enough"},
		{name: "it works again, after some restarts: systemd's delays begin anew",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "active", func(u *Unit) { u.NRestarts = 2 })},
			served: newUnit, trouble: Trouble{Attempt: 2, Proven: true}, want: "reset new: works again"},
		{name: "a new revision that does not get healthy is given up",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(oldUnit, "active"),
				aUnit(newUnit, "activating")}, served: oldUnit,
			trouble: Trouble{Attempt: 2, GaveUp: true,
				LastExit: "exit status 1"}, want: "reject new: exit status 1"},
		{name: "what exited for good is removed before the next start",
			desired: []Desired{wantNew()}, units: []*Unit{aUnit(newUnit, "failed")}, want: "stop new: exited for good"},
		{name: "stopped by an operator: requests first",
			desired: with(wantNew(), func(d *Desired) { d.Stopped = "stopped by operator" }),
			units:   []*Unit{aUnit(newUnit, "active")}, served: newUnit, want: "unroute new: stopped by operator"},
		{name: "stopped by an operator and nothing is left to stop",
			desired: with(wantNew(), func(d *Desired) { d.Stopped = "stopped by operator" }), want: ""},
		{name: "a package that cannot be read changes nothing about what runs",
			desired: with(wantNew(), func(d *Desired) { d.Problem, d.Revision, d.Unit = "no such file", "", "" }),
			units:   []*Unit{aUnit(oldUnit, "active")}, served: oldUnit, want: ""},
		{name: "... but an operator stops it all the same",
			desired: with(wantNew(), func(d *Desired) {
				d.Problem, d.Revision, d.Unit, d.Stopped = "no such file", "", "", "stopped by operator"
			}),
			units: []*Unit{aUnit(oldUnit, "active")}, served: oldUnit, want: "unroute old: stopped by operator"},
		{name: "removed: requests are turned away before the unit goes",
			units: []*Unit{aUnit(oldUnit, "active")}, served: oldUnit, want: "unroute old: no longer listed by its provider"},
		{name: "removed: every unit goes",
			units: []*Unit{aUnit(oldUnit, "active", drained)}, want: "stop old: no longer listed by its provider"},
		{name: "a provider that has not spoken removes nothing",
			units: []*Unit{aUnit(oldUnit, "active")}, served: oldUnit, partial: true, want: ""},
		{name: "what was adopted from PID 1 gets its requests back, no more",
			desired: with(wantNew(), func(d *Desired) { d.Adopted, d.Revision, d.Unit = true, "", "" }),
			units:   []*Unit{aUnit(oldUnit, "active")}, want: "route old: waiting for its file in apps.d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			current := Current{
				Apps: map[string]Observed{instanceA: {
					Units: tt.units, Served: in(tt.served), Failures: failing(cmp.Or(tt.of, newUnit), tt.trouble),
					Busy: map[string]bool{newUnit: tt.busy},
				}},
				Partial: map[string]bool{KindStatic: tt.partial},
			}
			checkPlan(t, plan(tt.desired, current, noon), tt.want)
		})
	}
}

func checkPlan(t *testing.T, tasks []Task, want string) {
	t.Helper()
	if want == "" {
		if len(tasks) != 0 {
			t.Errorf("tasks = %+v, want none", tasks)
		}
		return
	}
	head, reason, _ := strings.Cut(want, ": ")
	if len(tasks) != 1 {
		t.Fatalf("tasks = %+v, want one", tasks)
	}
	unit := strings.TrimSuffix(strings.TrimPrefix(tasks[0].Unit, "nexushub-app-a-"), ".service")
	if got := tasks[0].Action.String() + " " + unit; got != head || !strings.Contains(tasks[0].Reason, reason) {
		t.Errorf("task = %s: %s; want %s", got, tasks[0].Reason, want)
	}
}

func TestPlanIsSortedByWhatUsersNoticeFirst(t *testing.T) {
	start, route := wantNew(), wantNew()
	route.ID = "22222222-2222-4222-8222-222222222222"
	u := aUnit(newUnit, "active")
	u.Instance = route.ID
	tasks := plan([]Desired{start, route}, Current{Apps: map[string]Observed{route.ID: {Units: []*Unit{u}}}}, noon)
	if len(tasks) != 2 || tasks[0].Action != Route || tasks[1].Action != Start {
		t.Errorf("tasks = %+v, want route, then start", tasks)
	}
}

// BenchmarkPlan is the reconcile of a thousand instances that are as they should be.
func BenchmarkPlan(b *testing.B) {
	current := Current{Apps: map[string]Observed{}}
	desired := make([]Desired, 1000)
	for i := range desired {
		desired[i] = wantNew()
		desired[i].ID = fmt.Sprintf("%08d-1111-4111-8111-111111111111", i)
		current.Apps[desired[i].ID] = Observed{Units: []*Unit{aUnit(newUnit, "active")}, Served: in(newUnit)}
	}
	b.ResetTimer()
	for b.Loop() {
		if tasks := plan(desired, current, noon); len(tasks) != 0 {
			b.Fatalf("tasks = %+v", tasks[0])
		}
	}
}

// TestStopAfterASlowProxy: the proxy may have the route although it has not said so.
func TestStopAfterASlowProxy(t *testing.T) {
	desired := Desired{Instance: Instance{ID: instanceA}, Name: "a", Unit: "u", Revision: "r", Stopped: "by operator"}
	u := &Unit{Status: units.Status{Unit: "u", Instance: instanceA, ActiveState: "active"}}
	current := Current{Apps: map[string]Observed{instanceA: {Units: []*Unit{u}, Target: in("u")}}}
	tasks := plan([]Desired{desired}, current, time.Now())
	if len(tasks) != 1 || tasks[0].Action != Unroute || tasks[0].Unit != "u" {
		t.Errorf("%+v, want the route taken away first", tasks)
	}
}
