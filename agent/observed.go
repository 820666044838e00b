package agent

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
)

// observedState is what the agent knows of every instance and of every unit. The
// reconciler alone changes it. What is known of one of them is one record, so that
// forgetting it is one delete.
type observedState struct {
	instances map[string]*instanceState
	units     map[string]*unitState
	past      pastUnits
	listing   queryState      // of all units
	due       map[string]bool // units that signals named, until PID 1 is asked about them
	queries   uint64
	inFlight  int  // queries without an answer yet
	routes    bool // the routes in force are known
}

// instanceState is what is known of one instance.
type instanceState struct {
	units    []*plan.Unit
	memory   *plan.Memory          // nil: there is nothing to remember
	failures *plan.Failures        // nil: no pass has seen it
	target   []string              // units in the table that is to be in force
	served   []string              // units acknowledged by the proxy
	tasks    map[string]*plan.Task // in hand, by subject
	holds    map[string]hold       // by subject
	state    stateSince            // zero: no pass has seen it
	words    map[string]words      // the last ones of what failed last, by unit
	watched  bool                  // this agent knows since when it stands as it does
	refused  plan.Installed        // its release, that dynamic applications were not given
}

// unitState is what is known of one unit.
type unitState struct {
	unit      *plan.Unit // nil: it is gone, or not of our making
	number    uint64     // of the query that this comes from
	tasked    bool       // there is a task in hand for it
	changing  bool       // one that may change it
	signalled time.Time  // the last signal while it was changing
	query     queryState
}

// queryState is about a query to PID 1 that may be on its way.
type queryState struct {
	running bool
	again   bool // ask once more afterwards
}

// hold keeps a task that failed from being tried again at once.
type hold struct {
	until time.Time
	n     int
	why   string
}

// stateSince is a Phase with the moment its state began.
type stateSince struct {
	plan.Phase
	since time.Time
}

func newObservedState() observedState {
	return observedState{
		instances: map[string]*instanceState{}, units: map[string]*unitState{}, due: map[string]bool{},
		past: newPastUnits(nil),
	}
}

// instance is the record of one instance, which is made if need be.
func (o *observedState) instance(id string) *instanceState {
	i := o.instances[id]
	if i == nil {
		i = &instanceState{}
		o.instances[id] = i
	}
	return i
}

// known is a copy of the record of one instance; zero if there is none.
func (o *observedState) known(id string) instanceState {
	if i := o.instances[id]; i != nil {
		return *i
	}
	return instanceState{}
}

// record is the record of one unit, which is made if need be.
func (o *observedState) record(unit string) *unitState {
	u := o.units[unit]
	if u == nil {
		u = &unitState{}
		o.units[unit] = u
	}
	return u
}

// unit is nil if it is not there.
func (o *observedState) unit(name string) *plan.Unit {
	if u := o.units[name]; u != nil {
		return u.unit
	}
	return nil
}

// loaded are the units that are there.
func (o *observedState) loaded() iter.Seq[*plan.Unit] {
	return func(yield func(*plan.Unit) bool) {
		for _, u := range o.units {
			if u.unit != nil && !yield(u.unit) {
				return
			}
		}
	}
}

// running are the instances of which something runs.
func (o *observedState) running() map[string]bool {
	ids := map[string]bool{}
	for u := range o.loaded() {
		if u.Running() {
			ids[u.Instance] = true
		}
	}
	return ids
}

// memory is what is to be remembered of an instance.
func (o *observedState) memory(id string) *plan.Memory {
	i := o.instance(id)
	if i.memory == nil {
		i.memory = &plan.Memory{}
	}
	return i.memory
}

// memories are all that is to be remembered.
func (o *observedState) memories() map[string]*plan.Memory {
	all := make(map[string]*plan.Memory, len(o.instances))
	for id, i := range o.instances {
		if i.memory != nil {
			all[id] = i.memory
		}
	}
	return all
}

func (o *observedState) failures(id string) *plan.Failures {
	i := o.instance(id)
	if i.failures == nil {
		i.failures = &plan.Failures{}
	}
	return i.failures
}

// current is what the plan gets to see.
func (o *observedState) current(partial map[string]bool, now time.Time) plan.Current {
	c := plan.Current{Apps: make(map[string]plan.Observed, len(o.instances)), Partial: partial}
	for id, i := range o.instances {
		c.Apps[id] = i.observed(now)
	}
	return c
}

// state is what should be of one instance and what is.
func (o *observedState) state(d *plan.Desired, now time.Time) plan.AppState {
	i := o.known(d.ID)
	return i.observed(now).State(d, now)
}

func (i *instanceState) observed(now time.Time) plan.Observed {
	return plan.Observed{Units: i.units, Served: i.served, Target: i.target, Failures: i.failures, Busy: i.busy(now)}
}

// busy is what has a task in hand, or failed at one just now; nil: nothing.
func (i *instanceState) busy(now time.Time) map[string]bool {
	if len(i.tasks) == 0 && len(i.holds) == 0 {
		return nil
	}
	busy := make(map[string]bool, len(i.tasks)+len(i.holds))
	for subject := range i.tasks {
		busy[subject] = true
	}
	for subject, h := range i.holds {
		if h.until.After(now) {
			busy[subject] = true
		}
	}
	return busy
}

// has says whether a unit is there.
func (i *instanceState) has(unit string) bool {
	return slices.ContainsFunc(i.units, func(u *plan.Unit) bool { return u.Unit == unit })
}

// begin enters a task that is in hand from now on.
func (i *instanceState) begin(t *plan.Task) {
	if i.tasks == nil {
		i.tasks = map[string]*plan.Task{}
	}
	i.tasks[t.Subject()] = t
}

// starting is the first start in hand of what is to run; nil: there is none.
func (i *instanceState) starting(s *plan.AppState) *plan.Task {
	if len(i.tasks) == 0 {
		return nil
	}
	for j := range s.Replicas {
		if t := i.tasks[s.Replicas[j].Unit]; t != nil && t.Action == plan.Start {
			return t
		}
	}
	return nil
}

// held is what keeps a task that failed from being tried again, the whole before its units.
func (i *instanceState) held(now time.Time) (hold, bool) {
	for _, subject := range slices.Sorted(maps.Keys(i.holds)) {
		if h := i.holds[subject]; h.until.After(now) {
			return h, true
		}
	}
	return hold{}, false
}

// hold keeps a task from being tried again at once.
func (i *instanceState) hold(subject string, h hold) {
	if i.holds == nil {
		i.holds = map[string]hold{}
	}
	i.holds[subject] = h
}

// recorded counts the instances that a pass has seen.
func (o *observedState) recorded() (n int) {
	for _, i := range o.instances {
		if i.state.State != "" {
			n++
		}
	}
	return n
}

// add enters a unit that was not known.
func (o *observedState) add(u *plan.Unit) {
	o.record(u.Unit).unit = u
	o.past.add(u.Unit, u.Instance, time.Now())
	i := o.instance(u.Instance)
	i.units = append(i.units, u)
}

// remove forgets a unit, but not which query said that it is gone.
func (o *observedState) remove(u *plan.Unit) {
	o.record(u.Unit).unit = nil
	i := o.instance(u.Instance)
	i.units = slices.DeleteFunc(slices.Clone(i.units), func(x *plan.Unit) bool { return x == u })
	i.served, i.target = without(i.served, u.Unit), without(i.target, u.Unit)
}

func without(list []string, name string) []string {
	if !slices.Contains(list, name) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(n string) bool { return n == name })
}

// hasGood says whether an instance has another revision to fall back to.
func (o *observedState) hasGood(id, revision string) bool {
	m := o.known(id).memory
	return m != nil && m.Good != nil && m.Good.Revision != revision
}
