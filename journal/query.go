package journal

import (
	"cmp"
	"regexp"
	"strings"
	"time"
)

// All asks for every line there is.
const All = -1

// MaxLines is the most that Query.Lines can ask for, other than All.
const MaxLines = 10_000

// Query says what is wanted of the log of an instance. With Unit it is that unit
// alone; without both it is every application.
type Query struct {
	Instance string
	Unit     string
	Job      string    // of the instance: its runs alone
	Lines    int       // the last so many; All for every one. Ignored with After
	Since    time.Time // zero: from the beginning
	Until    time.Time // zero: to the end
	Priority int       // the least important that is wanted: 7 is everything
	Grep     *regexp.Regexp
	After    string // id of the last entry seen: read from right after it
	Follow   bool   // and then wait for more
	Previous bool   // the previous run instead
	Process  string // of the application alone; empty: all
	Replica  int    // of Process alone; 0: all
}

// unfiltered is true where every entry of the instance is wanted.
func (q Query) unfiltered() bool {
	return q.Since.IsZero() && q.Until.IsZero() && q.Priority >= 7 && q.Grep == nil && !q.Previous &&
		q.Unit == "" && q.Job == "" && q.Process == ""
}

// concerns says whether an item belongs to the instance or unit, whatever the filters say.
func (q Query) concerns(i Item) bool {
	switch {
	case q.Unit != "":
		return i.Entry != nil && i.Entry.Unit == q.Unit
	case q.Instance != "" && i.instance() != q.Instance:
		return false
	}
	if q.Instance == "" && strings.HasPrefix(i.instance(), buildLog) {
		return false
	}
	return q.Process == "" || i.Entry == nil || q.ofProcess(i.Entry)
}

// ofProcess says whether an entry is about the wanted process.
func (q Query) ofProcess(e *Entry) bool {
	process, replica := cmp.Or(e.Process, firstProcess), cmp.Or(e.Replica, 1)
	return isPart(e.Unit) && process == q.Process && (q.Replica == 0 || replica == q.Replica)
}

func (q Query) wants(e *Entry) bool {
	switch {
	case q.Job != "" && !isOfJob(e.Unit, q.Job):
		return false
	case e.Priority > q.Priority:
		return false
	case !q.Since.IsZero() && e.Timestamp.Before(q.Since):
		return false
	case !q.Until.IsZero() && e.Timestamp.After(q.Until):
		return false
	}
	return q.Grep == nil || q.Grep.MatchString(e.Message)
}
