package agent

import (
	"context"
	"slices"

	"github.com/nexushub/nexushub/units"
)

// exitCodes are the words of the journal for units.Exit.Code.
var exitCodes = map[string]int{"exited": units.CodeExited, "killed": units.CodeKilled, "dumped": units.CodeDumped}

// recallExits looks up in the journal how those applications ended that PID 1 brought
// back while no agent was there to see it: with the next start PID 1 forgets.
func (a *Agent) recallExits(ctx context.Context) {
	select {
	case <-a.ready: // nobody waits for it at the start
	case <-ctx.Done():
		return
	}
	for _, unit := range a.restartedUnseen() {
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
		a.units.Recall(unit, units.Exit{At: e.At, Code: exitCodes[e.Code], Status: e.Status, Result: e.Result})
		a.mu.Lock()
		a.hint(unit)
		a.mu.Unlock()
	}
}

func (a *Agent) restartedUnseen() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []string
	for u := range a.observed.loaded() {
		if u.Adopted && u.NRestarts > 0 && u.LastExit.IsZero() {
			list = append(list, u.Unit)
		}
	}
	slices.Sort(list)
	return list
}
