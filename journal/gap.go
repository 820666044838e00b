package journal

import (
	"fmt"

	"github.com/nexushub/nexushub/internal/logentry"
)

// The values of Gap.Reason.
const (
	Vacuumed   = "vacuumed"   // journald has deleted entries behind the reader's cursor
	Suppressed = "suppressed" // journald did not store lines: rate limit of the application
	Slow       = "slow"       // the reader did not keep up and is cut off
)

// Gap says that lines are missing where it stands, and why.
type Gap struct {
	logentry.Gap
	instance string
}

func vacuumed(after string) *Gap {
	return &Gap{Gap: logentry.Gap{ID: after, Reason: Vacuumed,
		Message: "entries after the last one seen are no longer in the journal"}}
}

func suppressed(r *record, instance string) *Gap {
	message := fmt.Sprintf("journald suppressed %d messages of %s: over the rate limit", r.dropped, r.objectUnit)
	return &Gap{logentry.Gap{ID: r.cursor, Reason: Suppressed, Dropped: r.dropped, Message: message}, instance}
}

func slow() *Gap {
	return &Gap{Gap: logentry.Gap{Reason: Slow,
		Message: "reader is too slow and was disconnected; reconnect with the id of the last entry seen"}}
}
