package journal

import "fmt"

// The words of Gap.Reason.
const (
	Vacuumed   = "vacuumed"   // journald has deleted entries behind the reader's cursor
	Suppressed = "suppressed" // journald did not store lines: rate limit of the application
	Slow       = "slow"       // the reader did not keep up and is cut off
)

// Gap says that lines are missing where it stands, and why.
type Gap struct {
	ID      string `json:"id,omitempty"` // cursor to go on from, if the gap has one
	Reason  string `json:"reason"`
	Dropped int64  `json:"dropped,omitempty"` // 0: not known
	Message string `json:"message"`

	instance string
}

func vacuumed(after string) *Gap {
	return &Gap{ID: after, Reason: Vacuumed, Message: "entries after the last one seen are no longer in the journal"}
}

func suppressed(r *record, instance string) *Gap {
	return &Gap{
		ID: r.cursor, Reason: Suppressed, Dropped: r.dropped, instance: instance,
		Message: fmt.Sprintf("journald suppressed %d messages of %s: over the rate limit", r.dropped, r.objectUnit),
	}
}

func slow() *Gap {
	return &Gap{Reason: Slow, Message: "reading too slowly, cut off; come back with the id of the last entry seen"}
}
