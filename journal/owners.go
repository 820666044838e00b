package journal

import (
	"context"
	"slices"
	"time"
)

// maxOwners bounds the lines of the agent that Owners reads.
const maxOwners = 100_000

// Owners tells whose unit each unit was that the agent started or stopped, as it logged then, the
// latest first.
func (l UnitLog) Owners(ctx context.Context, tell func(unit, instance string, at time.Time)) error {
	command := slices.Concat(l.Hub.command, []string{
		"--output=export", "--output-fields=_SYSTEMD_UNIT,NEXUSHUB_UNIT,NEXUSHUB_INSTANCE", "--no-pager", "--quiet", "--reverse",
		"_SYSTEMD_UNIT=" + agentUnit, "NEXUSHUB_ACTION=start", "NEXUSHUB_ACTION=stop",
	})
	left := maxOwners
	return child(ctx, command, func(r *record) bool {
		if r.unit == agentUnit && isApp(r.aboutUnit) && r.instance != "" {
			tell(r.aboutUnit, r.instance, time.UnixMicro(r.realtime))
		}
		left--
		return left > 0
	})
}
