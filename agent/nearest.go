package agent

import (
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
)

// nearest is the application whose name was perhaps meant: the one that begins so, or
// differs in no more than two letters; empty if there is none.
func nearest(name string, desired []plan.Desired) string {
	name = strings.ToLower(name)
	best, least := "", 3
	for i := range desired {
		d := &desired[i]
		for _, key := range []string{d.Name, strings.ToLower(d.AppID)} {
			n := distance(name, key)
			if len(name) > 2 && strings.HasPrefix(key, name) {
				n = 0
			}
			if n < least && n < len(name) {
				best, least = d.Name, n
			}
		}
	}
	return best
}

// distance is how many letters are to be inserted, removed, replaced or exchanged with
// their neighbour to make one word of the other.
func distance(a, b string) int {
	row, above, last := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last, above, row = above, row, last
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], last[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
