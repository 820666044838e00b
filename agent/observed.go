package agent

import (
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
)

// observedState is what the agent knows of every instance. The reconciler alone changes it.
type observedState struct {
	units      map[string]*plan.Unit           // by name
	byInstance map[string][]*plan.Unit         // the same units
	read       map[string]uint64               // unit -> number of the query that it comes from
	memories   map[string]*plan.Memory         // by instance
	watches    map[string]*plan.FailureTracker // by instance
	targets    map[string]string               // instance -> unit, in the table that is to be in force
	served     map[string]string               // instance -> unit, acknowledged by the proxy
	busy       map[string]plan.Task            // instance -> task in hand
	inHand     map[string]bool                 // units with a task in hand
	signalled  map[string]time.Time            // units in hand -> last signal of theirs
	holds      map[string]hold                 // instance -> not before
	states     map[string]stateSince           // by instance
	querying   map[string]bool                 // units being read; true: read again afterwards
	hinted     map[string]bool                 // units that signals named
	queries    uint64
	inFlight   int  // queries without an answer yet
	routes     bool // the routes in force are known
}

// hold keeps a task that failed from being tried again at once.
type hold struct {
	until time.Time
	n     int
	why   string
}

func newObservedState() observedState {
	return observedState{
		units: map[string]*plan.Unit{}, byInstance: map[string][]*plan.Unit{}, read: map[string]uint64{}, memories: map[string]*plan.Memory{},
		watches: map[string]*plan.FailureTracker{}, targets: map[string]string{}, served: map[string]string{},
		busy: map[string]plan.Task{}, inHand: map[string]bool{}, signalled: map[string]time.Time{}, holds: map[string]hold{}, states: map[string]stateSince{}, querying: map[string]bool{}, hinted: map[string]bool{},
	}
}

func (t *observedState) memory(id string) *plan.Memory {
	m := t.memories[id]
	if m == nil {
		m = &plan.Memory{}
		t.memories[id] = m
	}
	return m
}

func (t *observedState) watch(id string) *plan.FailureTracker {
	w := t.watches[id]
	if w == nil {
		w = &plan.FailureTracker{}
		t.watches[id] = w
	}
	return w
}

// current is what the plan gets to see.
func (t *observedState) current(partial map[string]bool) plan.Current {
	c := plan.Current{
		Units: t.byInstance, Served: t.served, Targets: t.targets,
		Trouble: make(map[string]plan.Trouble, len(t.watches)), Busy: make(map[string]bool, len(t.busy)), Partial: partial,
	}
	for id, w := range t.watches {
		c.Trouble[id] = w.Trouble
	}
	for id := range t.busy {
		c.Busy[id] = true
	}
	return c
}

// add enters a unit that was not known.
func (t *observedState) add(u *plan.Unit) {
	t.units[u.Unit] = u
	t.byInstance[u.Instance] = append(t.byInstance[u.Instance], u)
}

// remove forgets a unit.
func (t *observedState) remove(u *plan.Unit) {
	delete(t.units, u.Unit)
	rest := slices.DeleteFunc(slices.Clone(t.byInstance[u.Instance]), func(o *plan.Unit) bool { return o == u })
	if t.byInstance[u.Instance] = rest; len(rest) == 0 {
		delete(t.byInstance, u.Instance)
	}
}

// hasGood says whether an instance has another revision to fall back to.
func (t *observedState) hasGood(id, revision string) bool {
	m := t.memories[id]
	return m != nil && m.Good != nil && m.Good.Revision != revision
}

// stateSince is a Phase with the moment its state began.
type stateSince struct {
	plan.Phase
	since time.Time
}
