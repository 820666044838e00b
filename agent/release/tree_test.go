package release

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// What counts is what will exist: 1,000 paths of 500 folders are half a million.
func TestTreeCountsWhatPathsImply(t *testing.T) {
	limits := Limits{MaxEntries: 10_000, MaxDepth: 1000, MaxPath: 2048, MaxNames: 1 << 30}.filled()
	tree := newTree(limits)
	var err error
	entries := 0
	for ; err == nil; entries++ {
		err = tree.add(fmt.Sprintf("static/%04d/%sx", entries, strings.Repeat("d/", 500)), 0)
	}
	if !errors.Is(err, errTooMuch) || !strings.Contains(err.Error(), "10000 (package.max_entries)") {
		t.Errorf("got %v", err)
	}
	if entries > 20 || len(tree.nodes) > limits.MaxEntries+1 {
		t.Errorf("stopped after %d entries, at %d nodes", entries, len(tree.nodes))
	}
}

func TestTreeLimits(t *testing.T) {
	for _, c := range []struct {
		limits Limits
		names  []string
		want   string // of the last
	}{
		{Limits{MaxEntries: 3}, []string{"a/b/c"}, ""},
		{Limits{MaxEntries: 3}, []string{"a/", "a/b/", "a/b/c"}, ""},
		{Limits{MaxEntries: 3}, []string{"a/b/c", "a/"}, ""},
		{Limits{MaxEntries: 3}, []string{"a/b/c/d"}, "package.max_entries"},
		{Limits{MaxEntries: 3}, []string{"a/b/c", "x"}, "package.max_entries"},
		{Limits{MaxNames: 10}, []string{"aaaaa", "bbbbb"}, ""},
		{Limits{MaxNames: 10}, []string{"aaaaa", "bbbbb", "c"}, "package.max_names"},
		{Limits{MaxNames: 10}, []string{"aaaa/bbbb"}, "package.max_names"},
		{Limits{MaxDepth: 2}, []string{"a/b"}, ""},
		{Limits{MaxDepth: 2}, []string{"a/b/"}, ""},
		{Limits{MaxDepth: 2}, []string{"a/b/c"}, "package.max_depth"},
		{Limits{MaxPath: 4}, []string{"abcd"}, ""},
		{Limits{MaxPath: 4}, []string{"abcde"}, "package.max_path"},
	} {
		tree := newTree(c.limits.filled())
		var err error
		for _, name := range c.names {
			kind := fs.FileMode(0)
			if strings.HasSuffix(name, "/") {
				kind = fs.ModeDir
			}
			err = tree.add(name, kind)
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v with %q: got %v, want %q", c.limits, c.names, err, c.want)
		}
	}
}
