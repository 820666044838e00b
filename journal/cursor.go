package journal

import (
	"fmt"
	"strconv"
	"strings"
)

// cursor is a parsed journal cursor (sd_journal_get_cursor(3)): enough to say which
// of two entries is the later one without asking the journal.
type cursor struct {
	seqnumID, boot, hash string
	seqnum, mono, real   uint64
}

func parseCursor(s string) (c cursor, err error) {
	for field := range strings.SplitSeq(s, ";") {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "s":
			c.seqnumID = value
		case "b":
			c.boot = value
		case "x":
			c.hash = value
		case "i":
			c.seqnum, err = strconv.ParseUint(value, 16, 64)
		case "m":
			c.mono, err = strconv.ParseUint(value, 16, 64)
		case "t":
			c.real, err = strconv.ParseUint(value, 16, 64)
		default:
			err = fmt.Errorf("unknown part %q", field)
		}
		if err != nil {
			return cursor{}, fmt.Errorf("journal: cursor %q: %w", s, err)
		}
	}
	if c.seqnumID == "" || c.boot == "" || c.real == 0 {
		return cursor{}, fmt.Errorf("journal: cursor %q: incomplete", s)
	}
	return c, nil
}

// sameEntry is true for one entry in two files, too: journald gives new sequence
// numbers when it copies /run to /var.
func (c cursor) sameEntry(d cursor) bool {
	if c.seqnumID == d.seqnumID && c.seqnum == d.seqnum {
		return true
	}
	return c.boot == d.boot && c.mono == d.mono && c.real == d.real && c.hash == d.hash
}

// after says whether c is later in the journal than d.
func (c cursor) after(d cursor) bool {
	switch {
	case c.sameEntry(d):
		return false
	case c.seqnumID == d.seqnumID:
		return c.seqnum > d.seqnum
	case c.boot == d.boot && c.mono != d.mono:
		return c.mono > d.mono
	}
	return c.real > d.real
}
