package agent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
)

// brakePolls is how often an answer that removes more than half must be repeated.
const brakePolls = 3

// brake holds back an answer that would remove more than half of the dynamic
// applications at once, until it has been given three times: that is more often a
// fault of the admin service than somebody's wish.
type brake struct {
	answer string // what was held back last
	seen   int
}

// hold decides on the next list. It returns the reason when the list is held back.
func (b *brake) hold(current, next []plan.Instance) (reason string, held bool) {
	removed := missing(current, next)
	if 2*len(removed) <= len(current) {
		*b = brake{}
		return "", false
	}
	if answer := strings.Join(removed, " "); answer != b.answer {
		*b = brake{answer: answer}
	}
	b.seen++
	if b.seen >= brakePolls {
		*b = brake{}
		return "", false
	}
	return fmt.Sprintf("the admin service's answer would remove %d of %d applications; held back until it is repeated (%d of %d)",
		len(removed), len(current), b.seen, brakePolls), true
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
