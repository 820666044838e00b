package agent

import (
	"context"
	"time"

	"github.com/nexushub/nexushub/units"
)

// exitCodes are the words of the journal for units.Exit.Code.
var exitCodes = map[string]int{"exited": units.CodeExited, "killed": units.CodeKilled, "dumped": units.CodeDumped}

// recall looks up in the journal what happened while no agent was there to see it.
func (a *Agent) recall(ctx context.Context) {
	select {
	case <-a.ready: // nobody waits for it at the start
	case <-ctx.Done():
		return
	}
	a.mu.Lock()
	list, pastLost := a.loop.unseen, a.loop.pastLost
	a.loop.unseen, a.loop.pastLost = nil, false
	a.mu.Unlock()
	for _, was := range list {
		a.countUnseen(ctx, was)
	}
	a.recallExits(ctx)
	if pastLost {
		a.recallPastUnits(ctx)
	}
}

// recallPastUnits finds whose the units of earlier times were: the state is lost, or of a NexusHub
// that did not keep it.
func (a *Agent) recallPastUnits(ctx context.Context) {
	err := a.exec.journal.Owners(ctx, func(unit, instance string, at time.Time) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.observed.past.addOlder(unit, instance, at)
	})
	if err != nil && ctx.Err() == nil {
		a.log.Warn("cannot look up past units in the journal", "error", err)
	}
	a.requestReconcile()
}

// recallExits is about how those applications ended that PID 1 brought back: with the next start it
// forgets.
func (a *Agent) recallExits(ctx context.Context) {
	for unit, instance := range a.restartedUnseen() {
		e, ok, err := a.exec.journal.LastExit(ctx, unit)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			a.log.Warn("cannot look up the last exit in the journal", "unit", unit, "error", err)
		}
		if !ok {
			continue
		}
		exit := units.Exit{At: e.At, Code: exitCodes[e.Code], Status: e.Status, Result: e.Result}
		said := words{instance: instance, unit: unit, why: exit.String(), lines: a.exec.lastLines(ctx, unit, e.Run)}
		a.units.Recall(unit, exit)
		a.mu.Lock()
		a.querySoon(unit)
		a.mu.Unlock()
		select {
		case a.heard <- said:
		case <-ctx.Done():
			return
		}
	}
}

// restartedUnseen are their units, and whose they are.
func (a *Agent) restartedUnseen() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := map[string]string{}
	for u := range a.observed.loaded() {
		if u.Adopted && u.NRestarts > 0 && u.LastExit.IsZero() {
			list[u.Unit] = u.Instance
		}
	}
	return list
}
