package journal

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/nexushub/nexushub/internal/logentry"
	"github.com/nexushub/nexushub/internal/termtext"
)

// Bounds of what is read of the end of a run: the sentence that says why often stands above a trace of
// the stack.
const (
	maxLastLines = 40
	maxLastLine  = 400
	maxLastBytes = 8 << 10
)

// LastLines is what one run of a unit said last, safe to be shown in a terminal: its own lines and
// those of PID 1's child that did not get to execute it. Without an invocation it is the last run
// that there is.
func (l UnitLog) LastLines(ctx context.Context, unit, invocation string) ([]string, error) {
	c := lastLines{invocation: invocation}
	err := l.Hub.history(ctx, Query{Unit: unit}, []string{"--reverse"}, func(r *record) bool {
		item, ok := l.Hub.attr.item(r)
		return !ok || item.Entry == nil || item.Entry.Unit != unit || c.take(item.Entry)
	})
	slices.Reverse(c.lines)
	return c.lines, err
}

// lastLines collects them, from the newest entry to older ones. What a process prints right before
// its end may lack its invocation; it is of the run whose entries are on both sides of it, those of
// PID 1 included, which never lack it.
type lastLines struct {
	invocation string
	lines      []string // newest first
	bytes      int
	unsure     []string // newest first: whose they are is open
	begun      bool     // an entry of the run was there
}

// take reports whether there may be more.
func (c *lastLines) take(e *Entry) bool {
	told := e.PID == 1
	if c.invocation == "" {
		c.invocation = e.Invocation
	}
	switch {
	case e.Invocation == "":
		if e.Source != logentry.System && len(c.unsure) < maxLastLines {
			c.unsure = append(c.unsure, e.Message)
		}
		return true
	case e.Invocation != c.invocation:
		c.unsure = nil
		return !c.begun
	}
	c.begun = true
	for _, line := range c.unsure {
		c.add(line)
	}
	c.unsure = nil
	if !told {
		c.add(e.Message)
	}
	return len(c.lines) < maxLastLines && c.bytes < maxLastBytes
}

func (c *lastLines) add(line string) {
	line = shorten(termtext.Plain(line), maxLastLine)
	if c.bytes += len(line); len(c.lines) < maxLastLines && c.bytes <= maxLastBytes {
		c.lines = append(c.lines, line)
	}
}

// shorten cuts a line without cutting a character.
func shorten(line string, limit int) string {
	if len(line) <= limit {
		return line
	}
	for limit -= len("…"); !utf8.RuneStart(line[limit]); {
		limit--
	}
	return line[:limit] + "…"
}
