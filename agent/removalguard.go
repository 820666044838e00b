package agent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
)

// removalRepeats is how often an answer that removes more than half must be repeated.
const removalRepeats = 3

// massRemovalGuard holds back an answer that would remove more than half of the dynamic
// applications at once, until it has been given three times: that is more often a
// fault of the admin service than somebody's wish.
type massRemovalGuard struct {
	answer string // what was held back last
	seen   int
}

// check decides on the next list. It returns the reason when the list is held back.
func (b *massRemovalGuard) check(current, next []plan.Instance) (reason string, held bool) {
	removed := missing(current, next)
	if 2*len(removed) <= len(current) {
		*b = massRemovalGuard{}
		return "", false
	}
	if answer := strings.Join(removed, " "); answer != b.answer {
		*b = massRemovalGuard{answer: answer}
	}
	b.seen++
	if b.seen >= removalRepeats {
		*b = massRemovalGuard{}
		return "", false
	}
	return fmt.Sprintf("the admin service's answer would remove %d of %d applications; held back until it is repeated (%d of %d)",
		len(removed), len(current), b.seen, removalRepeats), true
}

// missing lists the ids that are in current and not in next, sorted.
func missing(current, next []plan.Instance) []string {
	var ids []string
	for _, in := range current {
		if !slices.ContainsFunc(next, func(n plan.Instance) bool { return n.ID == in.ID }) {
			ids = append(ids, in.ID)
		}
	}
	slices.Sort(ids)
	return ids
}
