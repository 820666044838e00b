package journal

import (
	"fmt"
	"strconv"
	"strings"
)

// position is where a reader is: behind the entry at a cursor, and then skip entries
// further (see the package comment on lines in pieces).
type position struct {
	cursor string
	at     cursor
	skip   int
}

// parsePosition reads what a client sends as Last-Event-ID.
func parsePosition(id string) (p position, err error) {
	raw, skip, found := strings.Cut(id, "#")
	if p.at, err = parseCursor(raw); err != nil {
		return position{}, err
	}
	p.cursor = raw
	if found {
		p.skip, err = strconv.Atoi(skip)
		if err != nil || p.skip < 0 {
			return position{}, fmt.Errorf("journal: cursor %q: invalid number of entries %q", id, skip)
		}
	}
	return p, nil
}
