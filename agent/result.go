package agent

import (
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

// result is how a task went, and what its unit looks like afterwards.
type result struct {
	task        plan.Task
	err         error
	lines       []string // Reject: the end of the unit's log
	took        time.Duration
	inspectedAt time.Time // when the unit was read afterwards; zero: it was not
	status      units.Status
	inspectErr  error
	fromSignals bool // status is what the signals told, PID 1 was not asked
}
