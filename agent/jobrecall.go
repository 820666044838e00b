package agent

import (
	"context"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/journal"
	"github.com/nexushub/nexushub/units"
)

// unknown are the jobs of whose last run PID 1 knows nothing, once for each. The caller holds mu.
func (k *jobKeeper) unknown() (list []units.Once) {
	for _, jobs := range k.wanted {
		for _, o := range jobs.List {
			unit := o.UnitName()
			if !k.asked[unit] && k.seen[unit].Invocation == "" {
				list = append(list, o)
			}
			k.asked[unit] = true
		}
	}
	return list
}

// recall looks up in the journal how the jobs ended that PID 1 knows nothing of any more: the host was
// started anew since, and perhaps no agent saw their end. What has begun after PID 1 was asked, it
// will tell itself: a timer that is made at the start may run its job at once.
func (k *jobKeeper) recall(ctx context.Context, list []units.Once, asked time.Time) {
	for _, o := range list {
		run, ok, err := k.journal.LastRun(ctx, o.UnitName())
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			k.log.Warn("cannot look up the last run of a job in the journal", "unit", o.UnitName(), "error", err)
		}
		if !ok || !run.StartedAt.Before(asked) {
			continue
		}
		end := endOf(run)
		k.mu.Lock()
		if s := k.seen[o.UnitName()]; s.Invocation != end.Invocation { // else it runs now
			k.record(o.UnitName(), o.Spec.Instance, o.Job, end, (*plan.JobRecord).Recall)
		}
		k.mu.Unlock()
	}
}

// endOf reads the end of a run out of what PID 1 logged. Of one without an end, the host saw none.
func endOf(run journal.Run) plan.JobRun {
	end := plan.JobRun{Invocation: run.Invocation, StartedAt: run.StartedAt, EndedAt: run.EndedAt, Result: "success"}
	switch e := run.Exit; {
	case run.EndedAt.IsZero():
		end.EndedAt, end.Result = run.StartedAt, plan.Interrupted
	case e.Result != "":
		end.Result = e.Result
		end.Exit = units.Exit{At: e.At, Code: exitCodes[e.Code], Status: e.Status, Result: e.Result}
	}
	return end
}
