package plan

import (
	"slices"
	"time"
)

// AppState is one instance at one moment: what should be of it and what is.
type AppState struct {
	*Desired
	Now     time.Time
	Wanted  *Unit   // the unit of the wanted revision
	Others  []*Unit // of other revisions
	Served  string
	Target  string // other than served while the proxy has not acknowledged it
	Trouble Trouble
}

// ServedUnit is the unit that the proxy leads requests to.
func (s *AppState) ServedUnit() *Unit {
	if s.Served == "" {
		return nil
	}
	if s.Wanted != nil && s.Wanted.Unit == s.Served {
		return s.Wanted
	}
	for _, u := range s.Others {
		if u.Unit == s.Served {
			return u
		}
	}
	return nil
}

// Shown is the unit that stands for the instance: the one that serves, else the wanted.
func (s *AppState) Shown() *Unit {
	if u := s.ServedUnit(); u != nil {
		return u
	}
	if s.Wanted == nil && len(s.Others) > 0 {
		return s.Others[0]
	}
	return s.Wanted
}

// Run is the invocation of the unit that stands for the instance; empty: there is none.
func (s *AppState) Run() string {
	if u := s.Shown(); u != nil {
		return u.Invocation
	}
	return ""
}

// overdue is a unit that should be down by now; one in hand is its task's to end.
func (s *AppState) overdue() *Unit {
	for _, u := range append(slices.Clone(s.Others), s.Wanted) {
		if u != nil && u.Overdue(s.Now) {
			return u
		}
	}
	return nil
}
