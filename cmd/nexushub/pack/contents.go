package pack

import (
	"archive/zip"
	"io"
	"maps"
	"slices"
	"strings"
)

// Contents are what a zip unpacks to.
type Contents struct {
	Entries  int   // files, links and folders, those that a path only implies included
	Unpacked int64 // bytes

	Largest   string // the folder at the top in which most of it is
	InLargest int
}

// Measure reads the list of entries, and none of them.
func Measure(r io.ReaderAt, size int64) (Contents, error) {
	list, err := zip.NewReader(r, size)
	if err != nil {
		return Contents{}, err
	}
	var c Contents
	paths, tops := map[string]bool{}, map[string]int{}
	for _, f := range list.File {
		c.Unpacked += int64(min(f.UncompressedSize64, 1<<40)) // more is nonsense, and must not overflow
		for name := strings.TrimSuffix(strings.TrimPrefix(f.Name, "./"), "/"); name != ""; name = parent(name) {
			if paths[name] {
				break
			}
			paths[name] = true
			top, _, _ := strings.Cut(name, "/")
			tops[top]++
		}
	}
	c.Entries = len(paths)
	for _, top := range slices.Sorted(maps.Keys(tops)) {
		if tops[top] > c.InLargest {
			c.Largest, c.InLargest = top, tops[top]
		}
	}
	return c, nil
}

// parent is the folder that a name is in; empty at the top.
func parent(name string) string { return name[:max(strings.LastIndexByte(name, '/'), 0)] }
