package plan

import "time"

// Current is what is, as far as the plan needs to know.
type Current struct {
	Apps    map[string]Observed // by instance
	Partial map[string]bool     // kinds whose provider has not given its complete list
}

// Observed is what is known of one instance.
type Observed struct {
	Units   []*Unit // loaded ones only
	Served  string  // unit that the proxy leads requests to
	Target  string  // unit in the table that the proxy was given, or is to be
	Trouble Trouble
	Busy    bool // a task is in hand
}

// SetBusy keeps an instance from getting a task.
func (c Current) SetBusy(id string) {
	o := c.Apps[id]
	o.Busy = true
	c.Apps[id] = o
}

// Of cuts out one instance.
func (c Current) Of(d *Desired, now time.Time) AppState {
	o := c.Apps[d.ID]
	s := AppState{Desired: d, Now: now, Served: o.Served, Target: o.Target, Trouble: o.Trouble}
	for _, u := range o.Units {
		if u.Unit == d.Unit {
			s.Wanted = u
		} else {
			s.Others = append(s.Others, u)
		}
	}
	if s.Trouble.Revision != d.Revision {
		s.Trouble = Trouble{}
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
