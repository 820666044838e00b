package accesstoken

import (
	"context"
	"sync"
	"time"
)

const (
	sweepInterval = time.Second
	purgeInterval = time.Minute
)

const notStored = "access tokens that were extended could not be stored; a restart forgets that"

// Run slides grants whose requests are open, ends those that have expired, asks the login
// application and keeps the file up to date, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	var asking sync.WaitGroup
	defer asking.Wait()
	for range askers {
		asking.Go(func() { s.ask(ctx) })
	}
	t := time.NewTicker(sweepInterval)
	defer t.Stop()
	purged, stored := time.Now(), true
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		now := time.Now()
		if n := s.sweep(now); n > 0 {
			s.opt.Log.Info("access tokens have ended: limit reached or signed out", "open_requests", n)
		}
		err := s.persist(func(g *grant) bool { return g.slide.lags(g) })
		if now.Sub(purged) >= purgeInterval {
			purged = now
			s.tidy(now)
		}
		if err != nil && stored {
			s.opt.Log.Warn(notStored, "error", err)
		}
		stored = err == nil
	}
}

// sweep looks at each grant that slides. It returns how many open requests were cut.
func (s *Store) sweep(now time.Time) (cut int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, g := range s.sliding {
		open, counts := g.openUse(now)
		if counts {
			g.moveEnd(now, s.opt.MaxSlide)
		}
		if g.alive(now) {
			if open != nil {
				s.askAbout(open, now)
			}
			continue
		}
		cut += s.end(k, g)
	}
	return cut
}

// openUse is any request that is open, and whether one of them counts as a use.
func (g *grant) openUse(now time.Time) (open *Use, counts bool) {
	for u := range g.slide.uses {
		counts = counts || u.taken || now.Sub(u.began) >= longRequest
		open = u
	}
	return open, counts
}

// tidy keeps memory and file from growing with tokens long expired.
func (s *Store) tidy(now time.Time) {
	s.purge(now)
	s.mu.RLock()
	live := len(s.grants)
	s.mu.RUnlock()
	s.writing.Lock()
	grown := s.file.lines > 2*live+4096
	s.writing.Unlock()
	if grown {
		s.compact(now) //nolint:errcheck // the file stays longer than it need be
	}
}
