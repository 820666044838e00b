package accesstoken

import "time"

// longRequest is how long a request is open that counts as a use before it is answered: an upload.
// One that is refused at once must not count.
const longRequest = 10 * time.Second

// Use is one request by a grant that slides. A grant is in use while such a request is
// open, and when it is answered, unless that is a refusal. All methods do nothing on nil.
type Use struct {
	store *Store
	grant *grant
	token string // to ask the login application about, while the request is open
	began time.Time
	taken bool // it is being answered, by no refusal
	done  bool
	ended bool // the grant has, before the request
	onEnd func()
}

// Begin notes a request by the token for the instance. There is no Use, and no error, where
// the grant does not slide; ErrEnded says that the token opens nothing.
func (s *Store) Begin(token, instance string) (*Use, error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.find(token, instance, now)
	switch {
	case g == nil:
		return nil, ErrEnded
	case g.slide == nil:
		return nil, nil
	}
	u := &Use{store: s, grant: g, token: token, began: now}
	g.slide.uses[u] = struct{}{}
	s.askAbout(u, now)
	return u, nil
}

// Answered notes the status of the response when it begins.
func (u *Use) Answered(status int) {
	if u == nil {
		return
	}
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	u.answered(status)
}

func (u *Use) answered(status int) {
	switch {
	case u.done || u.ended || status == 0:
	case status >= 400 && status < 500:
		u.finish()
	default:
		u.taken = true
		u.grant.moveEnd(time.Now(), u.store.opt.MaxSlide)
	}
}

// End notes that the request is over, with this status. Nothing is cut afterwards.
func (u *Use) End(status int) {
	if u == nil {
		return
	}
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	u.answered(status)
	u.finish()
}

func (u *Use) finish() {
	u.done, u.onEnd = true, nil
	delete(u.grant.slide.uses, u)
}

// OnEnd has cut called should the grant end before the request: at once when it has. It
// replaces what was set before. The function must not wait.
func (u *Use) OnEnd(cut func()) {
	if u == nil {
		return
	}
	u.store.mu.Lock()
	defer u.store.mu.Unlock()
	switch {
	case u.ended:
		cut()
	case !u.done:
		u.onEnd = cut
	}
}

// Ended says that the grant has ended before the request.
func (u *Use) Ended() bool {
	if u == nil {
		return false
	}
	u.store.mu.RLock()
	defer u.store.mu.RUnlock()
	return u.ended
}

// end takes a grant out of force, with the requests that are open. It returns how many
// those are. The caller holds mu.
func (s *Store) end(k sum, g *grant) int {
	delete(s.grants, k)
	delete(s.sliding, k)
	if g.slide == nil {
		return 0
	}
	n := len(g.slide.uses)
	for u := range g.slide.uses {
		u.ended = true
		if u.onEnd != nil {
			u.onEnd()
		}
	}
	return n
}
