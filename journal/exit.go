package journal

import (
	"context"
	"slices"
	"time"
)

// What PID 1 says of the end of a unit's process, and of the unit's (sd-messages.h,
// SD_MESSAGE_UNIT_PROCESS_EXIT, SD_MESSAGE_UNIT_FAILURE_RESULT).
const (
	exitID    = "98e322203f7a4ed290d09fe03c09fe15"
	failureID = "d9b373ed55a64feb8242e02dbe79a49c"
)

// Exit is how the main process of a unit ended. PID 1 forgets it with the next start, the
// journal does not.
type Exit struct {
	At     time.Time
	Code   string // exited, killed, dumped
	Status int    // or the signal
	Result string // of the unit in systemd's words; empty: success, or not known
	Run    string // the invocation that ended
}

// LastExit is the newest exit of the unit's process that PID 1 logged; ok is false where
// the journal has none.
func (l UnitLog) LastExit(ctx context.Context, unit string) (e Exit, ok bool, err error) {
	command := slices.Concat(l.Hub.command, []string{
		"--output=export", "--output-fields=_PID,MESSAGE_ID,INVOCATION_ID,EXIT_CODE,EXIT_STATUS,UNIT_RESULT",
		"--no-pager", "--quiet", "--reverse",
		"_PID=1", "UNIT=" + unit, "MESSAGE_ID=" + exitID, "MESSAGE_ID=" + failureID,
	})
	var failure record // comes after the exit that led to it
	err = child(ctx, command, func(r *record) bool {
		if r.messageID == failureID {
			failure = *r
			return true
		}
		e, ok = Exit{At: time.UnixMicro(r.realtime), Code: r.exitCode, Status: r.exitStatus,
			Run: r.claimedInvocation}, true
		if failure.claimedInvocation == r.claimedInvocation {
			e.Result = failure.result
		}
		return false
	})
	return e, ok, err
}
