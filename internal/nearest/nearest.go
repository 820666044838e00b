// Package nearest finds the known word that a mistyped one was perhaps meant to be.
package nearest

import "strings"

// Index is the place of the known word that begins with the given one, or differs from it
// in no more than two letters and in less than all; the first of the nearest, -1 for none.
func Index(word string, known []string) int {
	best, least := -1, min(3, len(word))
	for i, k := range known {
		n := distance(word, k)
		if len(word) > 2 && strings.HasPrefix(k, word) {
			n = 0
		}
		if n < least {
			best, least = i, n
		}
	}
	return best
}

// distance is how many letters are to be inserted, removed, replaced or exchanged with
// their neighbour to make one word of the other (optimal string alignment). Libraries count
// an exchange, the most frequent mistake, as two (Levenshtein).
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
