package agent

import (
	"slices"
	"time"
)

// situation is one instance at one moment.
type situation struct {
	*Desired
	now     time.Time
	want    *Unit   // the unit of the wanted revision
	others  []*Unit // of other revisions
	served  string
	target  string // other than served while the proxy has not acknowledged it
	trouble Trouble
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

// servedUnit is the unit that the proxy leads requests to.
func (s *situation) servedUnit() *Unit {
	if s.served == "" {
		return nil
	}
	if s.want != nil && s.want.Unit == s.served {
		return s.want
	}
	for _, u := range s.others {
		if u.Unit == s.served {
			return u
		}
	}
	return nil
}

// shown is the unit that stands for the instance: the one that serves, else the wanted.
func (s *situation) shown() *Unit {
	if u := s.servedUnit(); u != nil {
		return u
	}
	if s.want == nil && len(s.others) > 0 {
		return s.others[0]
	}
	return s.want
}

// overdue is a unit that should be down by now; one in hand is its task's to end.
func (s *situation) overdue() *Unit {
	for _, u := range append(slices.Clone(s.others), s.want) {
		if u != nil && u.Overdue(s.now) {
			return u
		}
	}
	return nil
}
