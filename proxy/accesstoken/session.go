package accesstoken

import "time"

// These bound the grants that slide at one time: those to persons take no room from the others.
const (
	maxSliding = 1000
	maxPersons = 10_000
)

// follow notes that a session's refresh token was exchanged: its grants are known by the
// next one from now on. The caller holds mu.
func (s *Store) follow(i Issue) {
	if i.Next == "" || i.Next == i.Cookie {
		return
	}
	before, next := sumOf(i.Cookie), sumOf(i.Next)
	for _, g := range s.sliding {
		if g.slide.session == before {
			g.slide.session, g.slide.changed = next, true
		}
	}
}

// SignedOut says that the session of this refresh token is over, as far as the proxy can
// tell. Its grants slide no more, and the login application is asked about each at its next use.
func (s *Store) SignedOut(refresh string) {
	if s.stop(sumOf(refresh), time.Now()) {
		if err := s.persist(func(g *grant) bool { return g.slide.changed }); err != nil {
			s.opt.Log.Warn("a sign-out could not be stored; it is tried again", "error", err)
		}
	}
}

func (s *Store) stop(session sum, now time.Time) (found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.sliding {
		if g.slide.session == session {
			g.slide.life, g.slide.nextAsk, g.slide.changed = 0, now, true
			found = true
		}
	}
	return found
}

// makeRoom keeps the number of grants that slide below its bound: of the session that has
// most of them, the one whose last use is the longest ago slides no more. The caller holds mu.
func (s *Store) makeRoom(next *grant) {
	most := maxSliding
	if next.who != nil {
		most = maxPersons
	}
	if len(s.sliding) < most {
		return
	}
	alike := func(g *grant) bool { return (g.who != nil) == (next.who != nil) }
	each, all := map[sum]int{}, 0
	for _, g := range s.sliding {
		if alike(g) {
			each[g.slide.session]++
			all++
		}
	}
	if all < most {
		return
	}
	var key sum
	var victim *grant
	for k, g := range s.sliding {
		if alike(g) && (victim == nil || goesBefore(g.slide, victim.slide, each)) {
			key, victim = k, g
		}
	}
	victim.slide.life = 0
	delete(s.sliding, key)
}

func goesBefore(a, b *slide, each map[sum]int) bool {
	if each[a.session] != each[b.session] {
		return each[a.session] > each[b.session]
	}
	return a.used.Before(b.used)
}

// soon is within which grants are taken for attempts of one browser.
const soon = 10 * time.Second

// Unused counts the grants for an instance that a browser has got just now by this refresh token
// or one before it, and has never used: it seems to keep no cookies.
func (s *Store) Unused(refresh, instance string) (n int) {
	session, now := sumOf(refresh), time.Now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, g := range s.sliding {
		if sl := g.slide; sl.session == session && g.instance == instance && sl.used.Equal(sl.issued) &&
			now.Sub(sl.issued) < soon {
			n++
		}
	}
	return n
}
