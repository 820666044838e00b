package accesstoken

import "time"

// grant says that a token opens an instance until it expires.
type grant struct {
	instance string
	expires  time.Time
	slide    *slide    // nil: nothing moves its end
	who      *Identity // nil: it matters to nobody
}

// slide is what moves the end of a grant.
type slide struct {
	issued  time.Time
	life    time.Duration // how long the grant lasts after a use; 0: it slides no more
	session sum           // of the refresh token that the browser of its session has now
	used    time.Time
	uses    map[*Use]struct{} // requests that are open

	asking  bool
	nextAsk time.Time // when the login application is to be asked again

	onDisk  time.Time // when the grant expires according to the file
	changed bool      // life or session differ from the file
}

// newGrant lasts as long as the login application has said and, where it slides, from each use
// on as long as that was at the issue.
func (s *Store) newGrant(i Issue, now time.Time) *grant {
	g := &grant{instance: i.Instance, expires: onClock(i.Expires, now), who: i.Who}
	life := g.expires.Sub(now)
	slides := i.Slides && life > 0 && life < s.opt.MaxSlide
	if !slides {
		life = 0
	}
	if slides || i.Who != nil { // of a person it matters whether he still is who he was
		next := i.Next
		if next == "" {
			next = i.Cookie
		}
		g.slide = &slide{
			issued: now, life: life, session: sumOf(next), used: now, uses: map[*Use]struct{}{},
			nextAsk: now.Add(s.askAfter(g)), onDisk: g.expires,
		}
	}
	return g
}

// renew takes over what an earlier grant of the same token has: its age, and no shorter life.
func (g *grant) renew(known *grant) {
	if g.slide == nil || known.slide == nil {
		return
	}
	g.slide.issued = known.slide.issued
	g.slide.life = max(g.slide.life, known.slide.life)
	if known.expires.After(g.expires) {
		g.expires, g.slide.onDisk = known.expires, known.expires
	}
}

// inherit takes over the open requests.
func (g *grant) inherit(known *grant) {
	for u := range known.slide.uses {
		u.grant = g
		g.slide.uses[u] = struct{}{}
	}
	clear(known.slide.uses)
}

// resume sets up a grant that was read from disk. Whatever was done to the clock
// meanwhile, it lasts no longer than one that is issued now.
func (g *grant) resume(now time.Time) {
	g.expires = onClock(g.expires, now)
	if g.slide == nil {
		return
	}
	g.slide.issued = onClock(g.slide.issued, now)
	if g.slide.issued.After(now) {
		g.slide.issued = now
	}
	if last := now.Add(g.slide.life); g.slide.life > 0 && g.expires.After(last) {
		g.expires = last
	}
	g.slide.used, g.slide.nextAsk, g.slide.onDisk = now, now, g.expires
	g.slide.uses = map[*Use]struct{}{}
}

// onClock gives a time of the wall clock a reading of the monotonic one.
func onClock(t, now time.Time) time.Time { return now.Add(t.Sub(now)) }

func (g *grant) alive(now time.Time) bool { return !passed(g.expires, now) }

// passed says that t has come by either clock: the wall clock may be set back, and the
// monotonic one stands still while the host is suspended.
func passed(t, now time.Time) bool { return !now.Before(t) || !now.Round(0).Before(t.Round(0)) }

// moveEnd notes a use of the grant: it ends its life later, but not later than most after its issue.
func (g *grant) moveEnd(now time.Time, most time.Duration) {
	g.slide.used = now
	if g.slide.life == 0 {
		return
	}
	end := now.Add(g.slide.life)
	if last := g.slide.issued.Add(most); end.After(last) {
		end = last
	}
	if end.After(g.expires) {
		g.expires = end
	}
}

// differs says that the file has something else.
func (sl *slide) differs(g *grant) bool { return sl.changed || !sl.onDisk.Equal(g.expires) }

// lags says that the file has something else that would be missed: after a crash, a grant in
// continuous use has half its life left at least.
func (sl *slide) lags(g *grant) bool { return sl.changed || g.expires.Sub(sl.onDisk) > sl.life/2 }
