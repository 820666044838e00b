package agent

import "time"

// Trouble is what keeps an instance from running well: how often in a row, and when
// it is tried again. It belongs to one revision and ends after a healthy while.
type Trouble struct {
	Revision string
	Attempt  int       // failures in a row; 0: none
	NextTry  time.Time // zero: at once
	LastExit string    // the last failure in words
	GaveUp   bool      // a new revision beside a good one: not to be tried again
	Forgiven bool      // healthy for long enough since
}

// waiting says whether the next try lies ahead.
func (t Trouble) waiting(now time.Time) bool { return t.NextTry.After(now) }
