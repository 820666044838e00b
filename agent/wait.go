package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// WaitSettled waits until the instance runs the given revision (by default the one
// wanted now), or will not. The error wraps api.Failed and says why.
func (a *Agent) WaitSettled(ctx context.Context, id, revision string) (api.App, error) {
	return a.waitUntil(ctx, id, revision, settled)
}

// waitScaled waits until all replicas are there that are wanted now, whatever revision they are of.
func (a *Agent) waitScaled(ctx context.Context, id string) (api.App, error) {
	return a.waitUntil(ctx, id, "", func(s *plan.AppState, v api.App) (bool, error) {
		switch {
		case !s.Fallback || s.Problem != "" || s.Stopped != "":
			return settled(s, v)
		case !s.Complete():
			return partlySettled(s)
		}
		return true, nil
	})
}

// waitUntil waits until an instance is settled, as that is told.
func (a *Agent) waitUntil(
	ctx context.Context, id, revision string, settled func(*plan.AppState, api.App) (bool, error),
) (api.App, error) {
	var failed error // is kept while the last lines of its run are read: the next run may have begun by then
	before := -1
	return a.await(ctx, id, func(v api.App) (bool, error) {
		d, err := a.find(id)
		if err != nil {
			return true, err
		}
		if a.unsettled() {
			return false, nil
		}
		if revision != "" && d.Revision != revision && !d.Fallback {
			return true, fmt.Errorf("%s: superseded by another revision: %w", d.Name, api.Conflict)
		}
		s := a.observed.state(d, time.Now())
		done, err := settled(&s, v)
		if done && err == nil {
			return !a.looking(d), nil
		}
		i := a.observed.known(id)
		if before < 0 {
			before = i.failed()
		}
		astray := a.astray(d)
		switch {
		case err != nil:
			failed = err
		case astray != nil:
			failed = astray
		case i.failed() > before && s.Trouble.Sick: // another run would take as long
			failed = fmt.Errorf("%s is %s: %s: %w", d.Name, api.StateUnhealthy, lastExit(&s), api.Failed)
		}
		if failed == nil || i.unheard() { // why it failed may be in its last lines
			return false, nil
		}
		return true, failed
	})
}

// unsettled says whether something was asked for that the reconciler has not seen yet.
func (a *Agent) unsettled() bool {
	return a.desired.stale || a.desired.version != a.desired.resolvedVersion || !a.loop.last.After(a.loop.requestedAt)
}

// looking says whether the agent still asks what is healthy for its front page: an error there is worth
// the moment. The caller holds mu.
func (a *Agent) looking(d *plan.Desired) bool {
	u := a.observed.unit(d.Unit)
	return u != nil && u.Probed && u.Healthy() && front(d) != "" && !u.Health.Looked
}

// settled says whether the wanted revision has come to stay, or an error why it has not.
func settled(s *plan.AppState, v api.App) (bool, error) {
	switch {
	case v.State == api.StateRunning && v.Revision == s.Revision && !s.Fallback && s.Problem == "" && !s.Complete():
		return partlySettled(s)
	case s.Fallback || s.Problem != "":
		return true, fmt.Errorf("%s: %s: %w", s.Name, v.Why, api.Failed)
	case v.State == api.StateRunning && v.Revision == s.Revision:
		return true, nil
	case v.State == api.StateBackingOff && v.Attempt > 1, v.State == api.StateFailed, v.State == api.StateUnhealthy:
		return true, fmt.Errorf("%s is %s: %s: %w", s.Name, v.State, v.Why, api.Failed)
	case v.State == api.StateStopped:
		return true, fmt.Errorf("%s is stopped: %s: %w", s.Name, v.Why, api.NotRunning)
	case v.State == api.StatePending && s.Empty():
		return true, fmt.Errorf("%s: %s: %w", s.Name, v.Why, api.NotRunning)
	}
	return false, nil
}

// partlySettled is for what runs and serves, but not with all of its replicas.
func partlySettled(s *plan.AppState) (bool, error) {
	if s.Trouble.Attempt > 1 {
		return true, fmt.Errorf("%s runs in part: %s: %w", s.Name, lastExit(s), api.Failed)
	}
	return false, nil
}

// await calls done with one application after every pass of the reconciler, with mu held,
// until it says so.
func (a *Agent) await(ctx context.Context, id string, done func(api.App) (bool, error)) (v api.App, err error) {
	err = a.wait(ctx, func() (bool, error) {
		if v, err = a.app(id); err != nil {
			return false, err
		}
		return done(v)
	})
	a.mu.Lock()
	facts := a.facts(v.ID)
	a.mu.Unlock()
	v.Hints = a.told.of(v.ID, facts)
	if errors.Is(err, errStillWaiting) {
		err = fmt.Errorf("%s is still %s (%s): %w", v.Name, v.State, v.Why, api.Timeout)
	}
	return v, err
}

var errStillWaiting = errors.New("timed out waiting for the reconciler")

// wait calls done after every pass of the reconciler, with mu held, until it says so.
func (a *Agent) wait(ctx context.Context, done func() (bool, error)) error {
	for {
		a.mu.Lock()
		ok, err := done()
		changed := a.loop.changed
		a.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w: %w", errStillWaiting, context.Cause(ctx), api.Timeout)
		}
	}
}
