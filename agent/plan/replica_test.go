package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/units"
)

// wantParts is revision "new" with so many replicas of web and of a worker.
func wantParts(web, worker int) Desired {
	d := wantNew()
	d.Replicas = nil
	for _, process := range []struct {
		name string
		n    int
	}{{manifest.Web, web}, {"worker", worker}} {
		health := d.Manifest.Health
		if process.name == "worker" {
			health.Type = "none"
		}
		for n := range process.n {
			d.Replicas = append(d.Replicas, Replica{Process: process.name, N: n + 1, Spec: d.Spec, Health: health,
				Unit: part("new", process.name, n+1)})
		}
	}
	return d
}

func part(revision, process string, n int) string {
	return "nexushub-app-a-" + revision + "." + units.Part(process, n) + ".service"
}

// parts are units of a revision, "web.1 web.2! worker.1": "!" is ill, "?" was not asked yet, "~" has
// just begun, "-" waits for its restart, "x" has ended, "d" is drained, "s" is stopping.
func parts(revision, list string) (all []*Unit) {
	for _, word := range strings.Fields(list) {
		name := strings.TrimRight(word, "!?~-xds")
		process, number, _ := strings.Cut(name, ".")
		active := map[byte]string{'-': "activating", 'x': "failed", 's': "deactivating"}[word[len(word)-1]]
		if active == "" {
			active = "active"
		}
		u := aUnit("nexushub-app-a-"+revision+"."+name+".service", active)
		u.Process, u.Replica, u.Revision = process, int(number[0]-'0'), revision
		u.Probed = process == manifest.Web
		switch word[len(word)-1] {
		case '!':
			unhealthy(u)
		case '?':
			unknown(u)
		case '~':
			u.Fresh = true
		case 'd':
			u.Drained = true
		}
		all = append(all, u)
	}
	return all
}

// names are units of a revision.
func names(revision, list string) (all []string) {
	for _, name := range strings.Fields(list) {
		all = append(all, "nexushub-app-a-"+revision+"."+name+".service")
	}
	return all
}

// said are steps as the cases write them: "start new.web.2, route new.web.1+new.web.2".
func said(tasks []Task) string {
	short := func(unit string) string {
		return strings.TrimSuffix(strings.TrimPrefix(unit, "nexushub-app-a-"), ".service")
	}
	var list []string
	for _, t := range tasks {
		what := short(t.Unit)
		for i, target := range t.Targets {
			if i > 0 {
				what += "+" + short(target)
			}
		}
		list = append(list, t.Action.String()+" "+what)
	}
	return strings.Join(list, ", ")
}

func TestPlanOfReplicas(t *testing.T) {
	later := noon.Add(time.Second)
	stopFirst := func(d *Desired) { d.Manifest.Replace = "stop-first" }
	for _, tt := range []struct {
		name        string // why this is right
		web, worker int
		desired     func(*Desired)
		old, new    string // units
		served      []string
		target      []string
		trouble     map[string]Trouble // by new unit
		busy        []string
		want        string
	}{
		{name: "all start at once", web: 2, worker: 1,
			want: "start new.web.1, start new.web.2, start new.worker.1"},
		{name: "one is in hand, the others start", web: 2, worker: 1, busy: names("new", "web.1"),
			want: "start new.web.2, start new.worker.1"},
		{name: "of many, a few at a time", web: 6,
			want: "start new.web.1, start new.web.2, start new.web.3, start new.web.4"},
		{name: "those in hand included", web: 6, new: "web.1?", busy: names("new", "web.2 web.3 web.4"),
			want: "start new.web.5"},
		{name: "where nothing serves, the first that can does", web: 2, worker: 1, new: "web.1 web.2? worker.1~",
			want: "route new.web.1"},
		{name: "the next one joins it", web: 2, worker: 1, new: "web.1 web.2 worker.1~", served: names("new", "web.1"),
			want: "route new.web.1+new.web.2"},
		{name: "a new revision starts beside the old", web: 2, worker: 1, old: "web.1 web.2 worker.1",
			served: names("old", "web.1 web.2"), want: "start new.web.1, start new.web.2, start new.worker.1"},
		{name: "it gets no request before all of it is healthy", web: 2, worker: 1, old: "web.1 web.2 worker.1",
			new: "web.1 web.2 worker.1~", served: names("old", "web.1 web.2"), want: ""},
		{name: "then it gets all", web: 2, worker: 1, old: "web.1 web.2 worker.1", new: "web.1 web.2 worker.1",
			served: names("old", "web.1 web.2"), want: "route new.web.1+new.web.2"},
		{name: "then the old one goes, all of it at once: only web has requests to wait for", web: 2, worker: 1,
			old: "web.1 web.2d worker.1", new: "web.1 web.2 worker.1", served: names("new", "web.1 web.2"),
			want: "drain old.web.1, stop old.web.2, stop old.worker.1"},
		{name: "what has taken over has, whatever becomes of its worker", web: 1, worker: 1, old: "web.1d worker.1",
			new: "web.1 worker.1-", served: names("new", "web.1"), want: "stop old.web.1, stop old.worker.1"},
		{name: "while the proxy has not confirmed, the old one stays", web: 1, old: "web.1", new: "web.1",
			served: names("old", "web.1"), target: names("new", "web.1"), busy: []string{Whole}, want: ""},
		{name: "a replica in trouble is one of many: the others go on", web: 3, new: "web.1 web.2- web.3",
			served: names("new", "web.1 web.2 web.3"), want: "route new.web.1+new.web.3"},
		{name: "its crash loop is taken over, and its requests are elsewhere already", web: 2, new: "web.1 web.2-",
			served:  names("new", "web.1"),
			trouble: map[string]Trouble{"web.2": {Attempt: 2, NextTry: later, LastExit: "exit status 3"}},
			want:    "stop new.web.2"},
		{name: "it waits, and holds nothing up", web: 2, new: "web.1", served: names("new", "web.1"),
			trouble: map[string]Trouble{"web.2": {Attempt: 2, NextTry: later}}, want: ""},
		{name: "one that is ill gets no requests and is restarted", web: 2, new: "web.1 web.2!",
			served: names("new", "web.1 web.2"), trouble: map[string]Trouble{"web.2": {Attempt: 1}},
			want: "route new.web.1, restart new.web.2"},
		{name: "ill, all of them: better ill than none", web: 2, new: "web.1! web.2!",
			served: names("new", "web.1 web.2"), want: ""},
		{name: "ill, all of them: the last one does not get what was for all", web: 3, new: "web.1! web.2! web.3-",
			served: names("new", "web.2"), want: "route new.web.1+new.web.2"},
		{name: "the agent is new: who serves and was not asked yet goes on", web: 3, new: "web.1? web.2 web.3?",
			served: names("new", "web.1 web.2 web.3"), want: ""},
		{name: "who does not serve is asked first", web: 2, new: "web.1? web.2?", served: names("new", "web.1"), want: ""},
		{name: "the agent is new, in the middle of a replacement: it goes on", web: 2, worker: 1, old: "web.1 web.2",
			new: "web.1? web.2", served: names("old", "web.1 web.2"), want: "start new.worker.1"},
		{name: "fewer are wanted: first they get no requests", web: 1, new: "web.1 web.2 web.3",
			served: names("new", "web.1 web.2 web.3"), want: "route new.web.1"},
		{name: "then they are drained, then stopped", web: 1, new: "web.1 web.2 web.3d", served: names("new", "web.1"),
			want: "drain new.web.2, stop new.web.3"},
		{name: "as long as the one that stays is ill, the others serve", web: 1, new: "web.1! web.2 web.3",
			served: names("new", "web.2 web.3"), want: ""},
		{name: "fewer workers: they stop", web: 1, new: "web.1 worker.1", served: names("new", "web.1"),
			want: "stop new.worker.1"},
		{name: "more are wanted", web: 3, new: "web.1", served: names("new", "web.1"),
			want: "start new.web.2, start new.web.3"},
		{name: "more come while the old revision goes", web: 2, old: "web.1", new: "web.1", served: names("new", "web.1"),
			want: "drain old.web.1, start new.web.2"},
		{name: "one part that does not become healthy, and the whole is given up", web: 1, worker: 1, old: "web.1 worker.1",
			new: "web.1 worker.1-", served: names("old", "web.1"),
			trouble: map[string]Trouble{"worker.1": {Attempt: 2, GaveUp: true, LastExit: "exit status 1"}},
			want:    "reject new.worker.1"},
		{name: "stop-first: all of the old goes before anything starts", web: 2, worker: 1, desired: stopFirst,
			old: "web.1 web.2 worker.1", served: names("old", "web.1 web.2"), want: "unroute old.web.1"},
		{name: "stop-first: web is drained, the worker is not", web: 2, worker: 1, desired: stopFirst,
			old: "web.1 web.2d worker.1", want: "drain old.web.1, stop old.web.2, stop old.worker.1"},
		{name: "stop-first: what is about to be there is waited for", web: 1, worker: 1, desired: stopFirst,
			busy: names("old", "web.1"), want: ""},
		{name: "whether what is about to be there has other secrets is seen when it is there", web: 1, worker: 1,
			desired: func(d *Desired) { d.Audiences = make([]audience.Audience, 1) }, busy: names("old", "web.1"), want: ""},
		{name: "what is about to be there is in nobody's way where there are no secrets", web: 1, busy: names("old", "web.1"),
			want: "start new.web.1"},
		{name: "stop-first is about revisions: replicas come and go side by side", web: 3, desired: stopFirst,
			new: "web.1 web.2", served: names("new", "web.1 web.2"), want: "start new.web.3"},
		{name: "stopped: no requests to any", web: 2, worker: 1, new: "web.1 web.2 worker.1",
			desired: func(d *Desired) { d.Stopped = "by operator" }, served: names("new", "web.1 web.2"),
			want: "unroute new.web.1"},
		{name: "stopped: all at once", web: 2, worker: 1, new: "web.1d web.2 worker.1",
			desired: func(d *Desired) { d.Stopped = "by operator" },
			want:    "drain new.web.2, stop new.web.1, stop new.worker.1"},
		{name: "its package has disappeared: what runs goes on", web: 2,
			desired: func(d *Desired) { d.Problem, d.Revision = "no such file", "" }, old: "web.2 web.1 worker.1",
			want: "route old.web.1+old.web.2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := wantParts(tt.web, tt.worker)
			if tt.desired != nil {
				tt.desired(&d)
			}
			seen := Observed{Units: append(parts("old", tt.old), parts("new", tt.new)...), Served: tt.served,
				Target: append(tt.served, tt.target...), Failures: &Failures{}, Busy: map[string]bool{}}
			for name, trouble := range tt.trouble {
				seen.Failures.Of(names("new", name)[0]).Trouble = trouble
			}
			for _, subject := range tt.busy {
				seen.Busy[subject] = true
			}
			tasks := plan([]Desired{d}, Current{Apps: map[string]Observed{instanceA: seen}}, noon)
			if got := said(tasks); got != tt.want {
				t.Errorf("steps %q, want %q", got, tt.want)
			}
		})
	}
}

// TestRemovalOfReplicas: nothing of an application that is gone is left.
func TestRemovalOfReplicas(t *testing.T) {
	seen := Observed{Units: parts("old", "web.1 web.2d worker.1"), Served: names("old", "web.1 web.2")}
	for _, want := range []string{"unroute old.web.1", "drain old.web.1, stop old.web.2, stop old.worker.1"} {
		if got := said(plan(nil, Current{Apps: map[string]Observed{instanceA: seen}}, noon)); got != want {
			t.Errorf("steps %q, want %q", got, want)
		}
		seen.Served = nil
	}
}

func TestPhaseOfReplicas(t *testing.T) {
	for _, tt := range []struct {
		name     string // why this is the word
		old, new string
		served   []string
		state    api.State
		why      string // part of it
		fault    bool
		route    string
		targets  int
	}{
		{"nothing was done yet", "", "", nil, api.StatePending, "web.1: is about to start", false, proxyctl.StateStarting, 0},
		{"all is well", "", "web.1 web.2 worker.1", names("new", "web.1 web.2"), api.StateRunning, "", false,
			proxyctl.StateReady, 2},
		{"one of two is down: it runs, and what is wrong is said", "", "web.1 web.2- worker.1", names("new", "web.1 web.2"),
			api.StateRunning, "web.2: ended", true, proxyctl.StateReady, 1},
		{"all of web is down", "", "web.1- web.2- worker.1", names("new", "web.1 web.2"), api.StateBackingOff, "web.1: ended",
			true, proxyctl.StateStarting, 2},
		{"there is no worker that works: the application does not run, though it answers", "", "web.1 web.2 worker.1-",
			names("new", "web.1 web.2"), api.StateBackingOff, "worker.1: ended", true, proxyctl.StateReady, 2},
		{"the worker has just begun", "", "web.1 web.2 worker.1~", names("new", "web.1 web.2"), api.StateStarting,
			"worker.1: has just begun", false, proxyctl.StateReady, 2},
		{"the second one is about to come", "", "web.1 worker.1", names("new", "web.1"), api.StateRunning,
			"web.2: is about to start", false, proxyctl.StateReady, 1},
		{"another revision serves", "web.1 web.2- worker.1", "web.1 web.2 worker.1-", names("old", "web.1 web.2"),
			api.StateRunning, "is about to replace it", false, proxyctl.StateReady, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := wantParts(2, 1)
			seen := Observed{Units: append(parts("old", tt.old), parts("new", tt.new)...), Served: tt.served}
			s := seen.State(&d, noon)
			if p := s.Phase(); p.State != tt.state || !strings.Contains(p.Why, tt.why) || p.Fault != tt.fault {
				t.Errorf("phase %+v, want %s: %s (fault %t)", p, tt.state, tt.why, tt.fault)
			}
			r := s.route()
			if n := len(r.AllTargets()); r.State != tt.route || n != tt.targets {
				t.Errorf("route is %s with %d targets, want %s with %d", r.State, n, tt.route, tt.targets)
			}
		})
	}
}

// TestReplicasOfAnApplication: what the manifest says becomes units, and how many there are is no
// part of the revision.
func TestReplicasOfAnApplication(t *testing.T) {
	m := manifest.Default()
	m.Processes = map[string]manifest.Process{
		"worker": {Exec: []string{"bin/worker", "$STATE_DIRECTORY"}, Limits: manifest.Limits{Memory: 64 << 20}},
		"hook":   {Exec: []string{"bin/hook"}, Health: manifest.Health{Type: "tcp"}},
	}
	specs := func(m manifest.Manifest) []units.Spec {
		return NewSpecs(Instance{ID: instanceA, HostName: "a.test"}, fact.Release{}, m, SecretFiles{}, Kept{},
			Place{Domain: "test"})
	}
	list := Replicas(specs(m), m)
	var got []string
	for _, r := range list {
		got = append(got, r.Name())
	}
	if strings.Join(got, " ") != "web.1 hook.1 worker.1" {
		t.Fatalf("replicas %v", got)
	}
	web, hook, worker := list[0].Spec, list[1].Spec, list[2].Spec
	if web.Portless || hook.Portless || !worker.Portless || worker.Notify {
		t.Error("only who is asked for its health over the network listens")
	}
	if worker.MemoryMax != 64<<20 || web.MemoryMax != 512<<20 || !worker.Expand || worker.State != web.State {
		t.Errorf("the worker has its own limits and the state of all: %+v", worker)
	}
	if web.Whole == "" || hook.Whole != web.Whole || worker.Whole != web.Whole {
		t.Error("they are one whole")
	}
	more := m.Scaled(map[string]int{"web": 3, "worker": 0})
	scaled := Replicas(specs(more), more)
	got = nil
	for _, r := range scaled {
		got = append(got, r.Name())
		if r.Spec.Revision() != web.Revision() {
			t.Errorf("%s is of another revision", r.Name())
		}
	}
	if strings.Join(got, " ") != "web.1 web.2 web.3 hook.1" || scaled[0].Unit != list[0].Unit {
		t.Errorf("scaled to %v", got)
	}
	alone := specs(manifest.Default())
	if len(alone) != 1 || alone[0].Whole != "" || alone[0].Process != "" {
		t.Errorf("web alone is what it was before there were processes: %+v", alone)
	}
}

// TestSteady: a process that nobody can ask counts as healthy once it has run for a while.
func TestSteady(t *testing.T) {
	u := aUnit(newUnit, "active")
	for health, want := range map[string]time.Duration{"none": steadyAfter, "notify": 0, "http": 0} {
		r := Replica{Process: "worker", N: 1, Health: manifest.Health{Type: health}}
		if got := r.SteadyAt(u).Sub(u.ActiveAt); got != want {
			t.Errorf("%s: healthy after %s at the earliest, want %s", health, got, want)
		}
	}
}

// TestFailuresOfAReplicaAreItsOwn: and those of a unit that is not to run any more are forgotten.
func TestFailuresOfAReplicaAreItsOwn(t *testing.T) {
	f, b := &Failures{}, Backoff{first: time.Second, last: time.Second}
	d := wantParts(2, 0)
	look := func(active ...string) {
		for i, state := range active {
			r := &d.Replicas[i]
			u := aUnit(r.Unit, state)
			f.Of(r.Unit).Observe(r, false, u, b, noon)
		}
		f.Keep(d.Replicas)
	}
	look("active", "active")
	look("active", "activating")
	if one, two := f.Trouble(d.Replicas[0].Unit), f.Trouble(d.Replicas[1].Unit); one.Attempt != 0 || two.Attempt != 1 {
		t.Errorf("attempts %d and %d, want 0 and 1", one.Attempt, two.Attempt)
	}
	gone := d.Replicas[1].Unit
	d.Replicas = d.Replicas[:1]
	look("active")
	if f.Find(gone) != nil || f.Total != 1 {
		t.Errorf("tracker %v of %d failures, want none of one", f.Find(gone), f.Total)
	}
}

// TestManyReplicas: they are told apart as few are.
func TestManyReplicas(t *testing.T) {
	d := wantParts(3*manyReplicas, 0)
	seen := Observed{Failures: &Failures{}}
	for _, r := range d.Replicas {
		u := aUnit(r.Unit, "active")
		u.Revision = d.Revision
		seen.Units, seen.Served = append(seen.Units, u), append(seen.Served, r.Unit)
	}
	look := func() string {
		return said(plan([]Desired{d}, Current{Apps: map[string]Observed{instanceA: seen}}, noon))
	}
	if got := look(); got != "" {
		t.Errorf("steps %q of what is as it should be", got)
	}
	d.Replicas = d.Replicas[:manyReplicas+1]
	if got := look(); !strings.HasPrefix(got, "route new.web.1+new.web.2+") || strings.Count(got, "+") != manyReplicas {
		t.Errorf("steps %q, want requests to the first %d", got, manyReplicas+1)
	}
}
