package agent

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/ports"
)

// loopState is how the agent itself is doing.
type loopState struct {
	fresh              bool          // there was no state
	pastLost           bool          // whose past units are is not known
	unseen             []unseen      // units that were started again while no agent was there
	halted             bool          // all applications are to be down
	first              time.Time     // the first reconcile
	last               time.Time     // the last one
	requestedAt        time.Time     // when something was last asked for
	changed            chan struct{} // closed and replaced after every pass
	unsaved            bool          // memories changed
	jobsStale          bool          // so may have the jobs that should be
	saved              time.Time
	ports              ports.Saved // as written
	tasks              map[taskKey]int
	deployed, rejected int // revisions
	passes             prometheus.Histogram
}

// taskKey is what finished tasks are counted by.
type taskKey struct {
	action plan.Action
	ok     bool
}

func newLoopState() loopState {
	return loopState{changed: make(chan struct{}), tasks: map[taskKey]int{},
		passes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "nexushub_reconcile_duration_seconds", Help: "Duration of one pass of the reconciler.",
			Buckets: []float64{.0001, .0003, .001, .003, .01, .03, .1, .3},
		})}
}

// reconciled tells everybody who waits for a state to check again.
func (l *loopState) reconciled(now time.Time) {
	l.last = now
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *loopState) count(r result) { l.tasks[taskKey{r.task.Action, r.err == nil}]++ }
