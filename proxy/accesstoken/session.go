package accesstoken

import "time"

// maxSliding bounds the grants that slide at one time.
const maxSliding = 1000

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
func (s *Store) makeRoom() {
	if len(s.sliding) < maxSliding {
		return
	}
	each := map[sum]int{}
	for _, g := range s.sliding {
		each[g.slide.session]++
	}
	var key sum
	var victim *grant
	for k, g := range s.sliding {
		if victim == nil || goesBefore(g.slide, victim.slide, each) {
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
