package agent

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
)

// words are what the run of a unit that failed last said last, read from the journal once, when
// it has failed; where it said nothing, what the one before did that failed in the same way.
type words struct {
	instance, unit string
	failure        int    // number of the failure, as its tracker counts
	why            string // the failure
	lines          []string
	awaited        bool // the journal has not answered yet
}

// listen has the last lines of every unit read that has failed since it was looked at last, one
// reading of each at a time. A revision that is given up keeps its lines itself.
func (a *Agent) listen(ctx context.Context, desired []plan.Desired) {
	for i := range desired {
		d := &desired[i]
		state := a.observed.instance(d.ID)
		for j := range d.Replicas {
			if unit := d.Replicas[j].Unit; state.unheardOf(unit) && !state.words[unit].awaited {
				a.listenTo(ctx, d.ID, unit)
			}
		}
		state.forgetWords(d)
	}
}

func (a *Agent) listenTo(ctx context.Context, id, unit string) {
	state := a.observed.instance(id)
	w, before := state.failures.Find(unit), state.words[unit]
	asked := words{instance: id, unit: unit, failure: w.Latest, why: w.Trouble.LastExit, awaited: true}
	if asked.why == before.why {
		// It most likely says the same; and what a process prints right before its end, the journal
		// does not always know whose it is.
		asked.lines = before.lines
	}
	if state.words == nil {
		state.words = map[string]words{}
	}
	state.words[unit] = asked
	run := w.Trouble.Run
	go func() {
		if lines := a.exec.lastLines(ctx, unit, run); len(lines) > 0 {
			asked.lines = lines
		}
		select {
		case a.heard <- asked:
		case <-ctx.Done():
		}
	}()
}

// forgetWords forgets what units said that are not to run any more.
func (i *instanceState) forgetWords(d *plan.Desired) {
	if len(i.words) > 0 {
		maps.DeleteFunc(i.words, func(unit string, _ words) bool { return d.Replica(unit) == nil })
	}
}

// failed is how often it has failed since the agent started.
func (i *instanceState) failed() int {
	if i.failures == nil {
		return 0
	}
	return i.failures.Total
}

// unheardOf says whether the last lines of the run of a unit that failed last are still to be read.
func (i *instanceState) unheardOf(unit string) bool {
	w, said := i.failures.Find(unit), i.words[unit]
	return said.awaited ||
		w != nil && w.Trouble.Attempt > 0 && !w.Trouble.GaveUp && said.failure != w.Latest
}

// unheard says whether last lines of any of its units are still to be read.
func (i *instanceState) unheard() bool {
	return i.failures != nil && slices.ContainsFunc(i.failures.Units(), i.unheardOf)
}

// hear enters what was read, unless it has been forgotten since.
func (a *Agent) hear(w words) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := a.observed.instances[w.instance]; i != nil && i.words[w.unit].failure == w.failure {
		w.awaited = false
		if i.words == nil {
			i.words = map[string]words{}
		}
		i.words[w.unit] = w
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
