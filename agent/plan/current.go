package plan

import (
	"slices"
	"time"
)

// Current is what is, as far as the plan needs to know.
type Current struct {
	Apps    map[string]Observed // by instance
	Partial map[string]bool     // kinds whose provider has not given its complete list
}

// Observed is what is known of one instance.
type Observed struct {
	Units    []*Unit  // loaded ones only
	Served   []string // units that the proxy leads requests to
	Target   []string // units in the table that the proxy was given, or is to be
	Failures *Failures
	Busy     map[string]bool // what has a task in hand, or failed at one just now, by Task.Subject
}

// Of cuts out one instance.
func (c Current) Of(d *Desired, now time.Time) AppState { return c.Apps[d.ID].State(d, now) }

// State is what should be of an instance and what is.
func (o Observed) State(d *Desired, now time.Time) AppState {
	s := AppState{Desired: d, Now: now, Served: o.Served, Target: o.Target, Busy: o.Busy}
	if d.Runs() {
		s.States = make([]ReplicaState, len(d.Replicas))
		for i := range d.Replicas {
			r := &d.Replicas[i]
			s.States[i] = ReplicaState{Replica: r, Trouble: o.Failures.Trouble(r.Unit),
				Left: slices.Contains(d.Left, r.Unit)}
		}
	}
	s.take(o.Units)
	if worst := s.Worst(); worst != nil {
		s.Trouble = worst.Trouble
	}
	return s
}

// AppStates cuts out every instance.
func (c Current) AppStates(desired []Desired, now time.Time) []AppState {
	list := make([]AppState, len(desired))
	for i := range desired {
		list[i] = c.Of(&desired[i], now)
	}
	return list
}
