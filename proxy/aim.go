package proxy

import (
	"context"
	"time"
)

// aim is the target of one request, in which it is counted.
type aim struct {
	set    *targetSet
	target *target
	failed []*target // that could not be reached or did not answer
	waited bool      // for one of them
}

// take counts the request in at a target. It reports false when all are draining.
func (a *aim) take(set *targetSet, t *target, now time.Time) bool {
	if t == nil {
		t = set.choose()
	}
	if t == nil || t.acquire(now) != nil {
		return false
	}
	*a = aim{set: set, target: t}
	return true
}

func (a *aim) leave() { a.target.release() }

// move turns to another target, as this one failed; it reports false when there is none that has
// not failed as well.
func (a *aim) move(p phase, cause error) bool {
	if len(a.set.all) == 1 {
		return false
	}
	t := a.target
	if t.avoid() {
		t.log.Warn("a target failed, and others get its requests for a moment", "target", t.ID, "phase", p, "error", cause)
	}
	a.failed = append(a.failed, t)
	next := a.set.best(a.failed)
	if next == nil || next.acquire(time.Now()) != nil {
		return false
	}
	t.release()
	a.target = next
	t.failovers.WithLabelValues(string(p)).Inc()
	return true
}

// conn returns a connection to the target or, as nothing has been sent yet, to any other that can
// be reached. Only one of them is waited for in vain.
func (a *aim) conn(ctx context.Context, fresh bool) (*upstream, error) {
	for {
		u, err := a.target.conn(ctx, fresh)
		if err == nil || a.waited || !a.move(phaseConnect, err) {
			return u, err
		}
		a.waited = isTimeout(err)
	}
}
