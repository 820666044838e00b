package main

import (
	"fmt"

	"github.com/nexushub/nexushub/cmd/nexushub/archive"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

// maxNotes is how many lines one application gets: it must not hide those of others.
const maxNotes = 10

// notes tells what a backup says about files, and counts what it does not tell.
type notes struct {
	out    *output.Printer
	counts map[string]int // by tree
	order  []string
	lost   bool
}

func (n *notes) add(note archive.Note) {
	n.lost = n.lost || note.Lost
	if n.counts[note.Tree] == 0 {
		n.order = append(n.order, note.Tree)
	}
	if n.counts[note.Tree]++; n.counts[note.Tree] > maxNotes {
		return
	}
	if note.Lost {
		n.out.Warn(note.String())
	} else {
		n.out.Note(note.String())
	}
}

// end says how much was left out.
func (n *notes) flush() {
	for _, tree := range n.order {
		if more := n.counts[tree] - maxNotes; more > 0 {
			n.out.Warn(fmt.Sprintf("%s: and %d more files", tree, more))
		}
	}
}
