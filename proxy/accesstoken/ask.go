package accesstoken

import (
	"context"
	"time"
)

// Ask asks the login application about an access token, and where it was granted to a person
// whether he still is who he was. An error says that it could not be asked.
type Ask func(ctx context.Context, token string, who *Identity) (Answer, error)

// Answer is what the login application says.
type Answer int

// Only Revoked ends a grant.
const (
	Unsaid Answer = iota // it cannot say
	Good
	Revoked
)

type question struct {
	key   sum
	grant *grant
	token string
}

// askers bounds the questions at one time.
const askers = 8

// askAfter is how long after an answer the next question is due: somewhat before the
// interval is over, because a question needs a request of the client.
func (s *Store) askAfter(g *grant) time.Duration { return s.interval(g) - s.interval(g)/10 }

// ofPerson is how often the login application is asked about a person: what is private closes
// within a minute when his session ends or he loses a role.
const ofPerson = time.Minute

func (s *Store) interval(g *grant) time.Duration {
	if g.who != nil {
		return min(s.opt.Interval, ofPerson)
	}
	return s.opt.Interval
}

// askAgain is how soon a question that got no answer is asked again.
func (s *Store) askAgain(g *grant) time.Duration { return s.interval(g) / 10 }

// askAbout queues a question about a grant in use where it is due. The caller holds mu.
func (s *Store) askAbout(u *Use, now time.Time) {
	sl := u.grant.slide
	if s.opt.Interval == 0 || sl.asking || now.Before(sl.nextAsk) {
		return
	}
	select {
	case s.questions <- question{sumOf(u.token), u.grant, u.token}:
		sl.asking = true
	default: // later
	}
}

// ask asks the questions that are queued, until ctx ends.
func (s *Store) ask(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case q := <-s.questions:
			answer, err := s.opt.Ask(ctx, q.token, q.grant.who)
			if ctx.Err() == nil {
				s.settle(q, answer, err)
			}
		}
	}
}

// settle draws the conclusion. Only an explicit answer ends a grant.
func (s *Store) settle(q question, answer Answer, err error) {
	s.note(answer, err)
	if err == nil && answer == Revoked {
		s.revoke(q)
		return
	}
	wait := s.askAfter(q.grant)
	if err != nil {
		wait = s.askAgain(q.grant)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q.grant.slide.asking, q.grant.slide.nextAsk = false, time.Now().Add(wait)
}

func (s *Store) revoke(q question) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	g := s.grants[q.key]
	if g == nil || g.slide == nil {
		s.mu.Unlock()
		return
	}
	open := s.end(q.key, g)
	s.mu.Unlock()
	s.opt.Log.Info("access token has ended: the login application says that it is no longer good",
		"instance", g.instance, "open_requests", open)
	if err := s.file.append(ended(q.key, g)); err != nil {
		s.opt.Log.Warn("the end of an access token could not be stored; the login application is asked again "+
			"after a restart", "error", err)
	}
}

// saying is how the last question went.
type saying int

const (
	saidNothing saying = iota
	saidAnswer
	saidUnsaid
	saidError
)

// note logs what has changed about asking.
func (s *Store) note(answer Answer, err error) {
	now := saidAnswer
	switch {
	case err != nil:
		now = saidError
	case answer == Unsaid:
		now = saidUnsaid
	}
	s.mu.Lock()
	before := s.said
	s.said = now
	s.mu.Unlock()
	if before == now {
		return
	}
	switch now {
	case saidError:
		s.opt.Log.Warn("the login application could not be asked whether access tokens are still good; "+
			"those in use stay valid until the limit", "limit", s.opt.MaxSlide, "error", err)
	case saidUnsaid:
		s.opt.Log.Info("the login application does not say whether access tokens are still good; "+
			"those in use stay valid until the limit", "limit", s.opt.MaxSlide)
	case saidAnswer:
		if before == saidError {
			s.opt.Log.Info("the login application says again whether access tokens are still good")
		}
	}
}
