package journal

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of a line in pieces: whatever is older or longer is delivered as it is.
const (
	maxJoined = 1 << 20
	maxWait   = 5 * time.Second // by the journal's clock
)

// joiner puts lines together that journald cut, and gives every entry the id from
// which a reader can go on exactly (see the package comment). It sees all entries of
// its reader's selection in the order of the journal, and is a function of them
// alone: the same entries from a clean cursor give the same output.
type joiner struct {
	waiting map[string]*pieces // by stream
	clean   string             // last cursor at which nothing was waiting
	since   int                // entries delivered behind clean
}

type pieces struct {
	first *Entry
	text  strings.Builder
}

// passes is true for an entry that is whole while nothing waits: nearly all are, and
// they are delivered as they are.
func (j *joiner) passes(e *Entry) bool {
	if len(j.waiting) > 0 || e.continues {
		return false
	}
	j.clean, j.since = e.cursor, 0
	return true
}

// add takes an entry that does not pass and returns what can be delivered now.
func (j *joiner) add(e *Entry) []*Entry {
	out := j.expire(e)
	if whole := j.join(e); whole != nil {
		out = append(out, whole)
	}
	return j.assignIDs(out, e)
}

// join returns the entry that e completes, e itself if it stands alone, nil if more is
// to come.
func (j *joiner) join(e *Entry) *Entry {
	p := j.waiting[e.streamID]
	switch {
	case p == nil && !e.continues:
		return e
	case p == nil:
		p = &pieces{first: e}
		if j.waiting == nil {
			j.waiting = map[string]*pieces{}
		}
		j.waiting[e.streamID] = p
	}
	p.text.WriteString(e.Message)
	if e.continues && p.text.Len() < maxJoined {
		return nil
	}
	delete(j.waiting, e.streamID)
	return p.first.with("", p.text.String())
}

// expire gives up waiting for lines whose next piece is overdue.
func (j *joiner) expire(now *Entry) []*Entry {
	var out []*Entry
	for stream, p := range j.waiting {
		if now.Timestamp.Sub(p.first.Timestamp) > maxWait && stream != now.streamID {
			out = append(out, p.first.with("", p.text.String()))
			delete(j.waiting, stream)
		}
	}
	slices.SortFunc(out, byTime)
	return out
}

// flush is the end of reading: nothing more will come.
func (j *joiner) flush() []*Entry {
	var out []*Entry
	for _, p := range j.waiting {
		out = append(out, p.first.with("", p.text.String()))
	}
	clear(j.waiting)
	slices.SortFunc(out, byTime)
	for _, e := range out {
		e.ID = j.next(e)
	}
	return out
}

func byTime(a, b *Entry) int {
	return cmp.Or(a.Timestamp.Compare(b.Timestamp), cmp.Compare(a.cursor, b.cursor))
}

// assignIDs gives out the ids after the entry at has been taken in.
func (j *joiner) assignIDs(out []*Entry, at *Entry) []*Entry {
	for i, e := range out {
		id := j.next(at)
		if i == len(out)-1 && len(j.waiting) == 0 {
			id = at.cursor
		}
		out[i] = e.with(id, e.Message)
	}
	if len(j.waiting) == 0 {
		j.clean, j.since = at.cursor, 0
	}
	return out
}

func (j *joiner) next(at *Entry) string {
	j.since++
	if j.clean == "" { // nothing before: the first entry of all was a piece
		return at.cursor
	}
	return j.clean + "#" + strconv.Itoa(j.since)
}
