package journal

import (
	"context"
	"slices"
	"time"
)

// What PID 1 says of the start of a unit and of how that went (sd-messages.h, SD_MESSAGE_UNIT_STARTING,
// SD_MESSAGE_UNIT_STARTED, SD_MESSAGE_UNIT_FAILED).
const (
	startingID = "7d4958e842da4a758f6c1cdc7b36dcc5"
	startedID  = "39f53479d3a045ac8e11786248231fbf"
	failedID   = "be02cf6855d2428ba40df7e9d022f03d"
)

// Run is one run of a unit whose command ends.
type Run struct {
	Invocation string
	StartedAt  time.Time
	EndedAt    time.Time // zero: PID 1 did not see its end
	Exit       Exit      // zero: it succeeded, or PID 1 did not say
}

// LastRun is the newest run of such a unit that PID 1 logged the start of; ok is false where the
// journal has none.
func (l UnitLog) LastRun(ctx context.Context, unit string) (r Run, ok bool, err error) {
	command := slices.Concat(l.Hub.command, []string{
		"--output=export", "--output-fields=_PID,MESSAGE_ID,INVOCATION_ID,EXIT_CODE,EXIT_STATUS,UNIT_RESULT",
		"--no-pager", "--quiet", "--reverse", "_PID=1", "UNIT=" + unit, "MESSAGE_ID=" + startingID,
		"MESSAGE_ID=" + startedID, "MESSAGE_ID=" + failedID, "MESSAGE_ID=" + exitID, "MESSAGE_ID=" + failureID,
	})
	err = child(ctx, command, func(rec *record) bool {
		if r.Invocation == "" {
			r.Invocation = rec.claimedInvocation
		}
		if rec.claimedInvocation != r.Invocation {
			return false
		}
		at := time.UnixMicro(rec.realtime)
		switch rec.messageID {
		case startedID, failedID:
			r.EndedAt = at
		case failureID:
			r.Exit.Result = rec.result
		case exitID:
			r.Exit.At, r.Exit.Code, r.Exit.Status, r.Exit.Run = at, rec.exitCode, rec.exitStatus, r.Invocation
		case startingID:
			r.StartedAt, ok = at, true
		}
		return !ok
	})
	return r, ok, err
}
