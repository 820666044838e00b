package agent

import (
	"context"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
)

// words are what the run of an instance that failed last said last, read from the journal once, when
// it has failed.
type words struct {
	instance string
	failure  int    // number of the failure, as its tracker counts
	why      string // the failure
	lines    []string
	awaited  bool // the journal has not answered yet
}

// listen has the last lines of every instance read that has failed since it was looked at last, one
// reading at a time. A revision that is given up keeps its lines itself.
func (a *Agent) listen(ctx context.Context, desired []plan.Desired) {
	for i := range desired {
		d := &desired[i]
		state := a.observed.instance(d.ID)
		w := state.failures
		if w == nil || state.words.awaited || state.words.failure == w.Total || w.Trouble.Attempt == 0 || w.Trouble.GaveUp {
			continue
		}
		state.words = words{instance: d.ID, failure: w.Total, why: w.Trouble.LastExit, awaited: true}
		go func(asked words, unit, run string) {
			asked.lines = a.exec.lastLines(ctx, unit, run)
			select {
			case a.heard <- asked:
			case <-ctx.Done():
			}
		}(state.words, d.Unit, w.Trouble.Run)
	}
}

// hear enters what was read, unless the instance has been forgotten since.
func (a *Agent) hear(w words) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := a.observed.instances[w.instance]; i != nil && i.words.failure == w.failure {
		w.awaited = false
		i.words = w
	}
}

// quoted is a sentence with lines of a log below it.
func quoted(why string, lines []string) string {
	return strings.Join(append([]string{why}, lines...), "\n")
}
