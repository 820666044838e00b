package agent

import (
	"context"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
)

// words are what the run of an instance that failed last said last, read from the journal once, when
// it has failed; where it said nothing, what the one before did that failed in the same way.
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
		if state.words.awaited || !state.unheard() {
			continue
		}
		asked := words{instance: d.ID, failure: w.Total, why: w.Trouble.LastExit, awaited: true}
		if asked.why == state.words.why {
			// It most likely says the same; and what a process prints right before its end, the journal
			// does not always know whose it is.
			asked.lines = state.words.lines
		}
		state.words = asked
		go func(asked words, unit, run string) {
			if lines := a.exec.lastLines(ctx, unit, run); len(lines) > 0 {
				asked.lines = lines
			}
			select {
			case a.heard <- asked:
			case <-ctx.Done():
			}
		}(state.words, d.Unit, w.Trouble.Run)
	}
}

// failed is how often it has failed since the agent started.
func (i *instanceState) failed() int {
	if i.failures == nil {
		return 0
	}
	return i.failures.Total
}

// unheard says whether the last lines of the run that failed last are still to be read.
func (i *instanceState) unheard() bool {
	w := i.failures
	return i.words.awaited ||
		w != nil && w.Trouble.Attempt > 0 && !w.Trouble.GaveUp && i.words.failure != w.Total
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

const (
	// shownLines and shownBytes bound what is shown of the last lines; hints are looked for in all.
	shownLines = 10
	shownBytes = 2 << 10
)

// quoted is a sentence with the last lines of a log below it.
func quoted(why string, lines []string) string {
	lines = lines[max(0, len(lines)-shownLines):]
	for bytes := len(strings.Join(lines, "\n")); bytes > shownBytes; lines = lines[1:] {
		bytes -= len(lines[0]) + 1
	}
	return strings.Join(slices.Concat([]string{why}, lines), "\n")
}
