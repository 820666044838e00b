package journal

import (
	"context"
	"slices"
)

// Runs counts the runs of a unit that PID 1 began after one of them, up to and with another; ok is
// false where the journal does not have both any more.
func (l UnitLog) Runs(ctx context.Context, unit, after, upTo string) (n int, ok bool, err error) {
	command := slices.Concat(l.Hub.command, []string{
		"--output=export", "--output-fields=_PID,INVOCATION_ID", "--no-pager", "--quiet", "--reverse",
		"_PID=1", "UNIT=" + unit,
	})
	runs := map[string]bool{}
	err = child(ctx, command, func(r *record) bool {
		id := r.claimedInvocation
		ok = id == after && len(runs) > 0
		if id == upTo || len(runs) > 0 && id != "" && id != after {
			runs[id] = true
		}
		return !ok
	})
	return len(runs), ok, err
}
