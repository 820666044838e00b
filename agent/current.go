package agent

import "time"

// Current is what is, as far as Plan needs to know.
type Current struct {
	Units   map[string][]*Unit // by instance, loaded ones only
	Served  map[string]string  // instance -> unit that the proxy leads requests to
	Targets map[string]string  // instance -> unit in the table that the proxy was given, or is to be
	Trouble map[string]Trouble // by instance
	Busy    map[string]bool    // instances with a task in hand
	Partial map[string]bool    // kinds whose provider has not given its complete word
}

// of cuts out one instance.
func (c Current) of(d *Desired, now time.Time) situation {
	s := situation{Desired: d, now: now, served: c.Served[d.ID], target: c.Targets[d.ID], trouble: c.Trouble[d.ID]}
	for _, u := range c.Units[d.ID] {
		if u.Unit == d.Unit {
			s.want = u
		} else {
			s.others = append(s.others, u)
		}
	}
	if s.trouble.Revision != d.Revision {
		s.trouble = Trouble{}
	}
	return s
}

// situations cuts out every instance.
func (c Current) situations(desired []Desired, now time.Time) []situation {
	list := make([]situation, len(desired))
	for i := range desired {
		list[i] = c.of(&desired[i], now)
	}
	return list
}
