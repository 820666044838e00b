package health

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// strayAsk is how often an application that refuses connections is looked for elsewhere.
	strayAsk = time.Second
	// straySteady is how long it listens there before that is told: most listen on a port of their own
	// and on another one in the same moment.
	straySteady = 5 * time.Second
)

// Elsewhere says where the programs of a unit's user listen; shared says that other units of that
// user run, too.
type Elsewhere func(unit string) (addresses []netip.AddrPort, shared bool)

// stray finds out where an application listens that refuses the connections of its probes.
type stray struct {
	where func() ([]netip.AddrPort, bool)

	asked, since time.Time
	before       []netip.AddrPort // when it was asked first: by those who ran already
	seen         []netip.AddrPort
}

// look takes in an outcome, and returns where it has been listening for long enough; empty: nowhere
// else, or it is not known.
func (s *stray) look(o Outcome, now time.Time) string {
	if s.where == nil || !errors.Is(o.Err, syscall.ECONNREFUSED) {
		return ""
	}
	if now.Sub(s.asked) >= strayAsk {
		s.ask(now)
	}
	if now.Sub(s.since) < straySteady {
		return ""
	}
	return joined(s.seen)
}

func (s *stray) ask(now time.Time) {
	list, shared := s.where()
	if s.asked.IsZero() {
		s.before = list
	}
	s.asked = now
	if shared {
		list = slices.DeleteFunc(slices.Clone(list), func(a netip.AddrPort) bool { return slices.Contains(s.before, a) })
	}
	if !slices.Equal(list, s.seen) {
		s.seen, s.since = list, now
	}
}

func joined(list []netip.AddrPort) string {
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = a.String()
	}
	return strings.Join(words, " ")
}
