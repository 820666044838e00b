// Package hostile makes packages that must be refused, for the tests of everything that a
// package comes through: one list, so that what one part refuses another cannot miss.
package hostile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// The limits that the list is made for.
const (
	MaxEntries  = 100
	MaxUnpacked = 4 << 20
	MaxRatio    = 200
)

// Archive is a package that must be refused, and words of the reasons.
type Archive struct {
	Name  string
	Make  func(testing.TB) []byte
	Wants []string
}

// Archives is the whole list.
func Archives() []Archive {
	return slices.Concat(badNames(), badLinks(), badContents(), badShapes())
}

// Entry is one entry of an archive.
type Entry struct {
	Name   string
	Body   string
	Mode   fs.FileMode // 0: regular 0644
	Header func(*zip.FileHeader)
}

// App is an entry that makes a package whole.
var App = Entry{Name: "bin/app", Body: "#!/bin/sh\n", Mode: 0o755}

// Zip writes an archive of these entries.
func Zip(tb testing.TB, entries ...Entry) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.Name, Method: zip.Deflate}
		if e.Mode == 0 {
			e.Mode = 0o644
		}
		h.SetMode(e.Mode)
		if e.Header != nil {
			e.Header(h)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := f.Write([]byte(e.Body)); err != nil && e.Body != "" {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func zipOf(entries ...Entry) func(testing.TB) []byte {
	return func(tb testing.TB) []byte { return Zip(tb, append([]Entry{App}, entries...)...) }
}

// Link is an entry that is a symbolic link.
func Link(name, target string) Entry {
	return Entry{Name: name, Body: target, Mode: fs.ModeSymlink | 0o777}
}

func bare(entries ...Entry) func(testing.TB) []byte {
	return func(tb testing.TB) []byte { return Zip(tb, entries...) }
}

// patched changes the finished archive.
func patched(make func(testing.TB) []byte, patch func([]byte) []byte) func(testing.TB) []byte {
	return func(tb testing.TB) []byte { return patch(make(tb)) }
}

// eachHeader calls set on every local and central Header: offset of the general
// flags, the method and the CRC behind it (APPNOTE 4.3.7, 4.3.12).
func eachHeader(b []byte, set func(flags []byte)) []byte {
	for i := 0; i+30 < len(b); i++ {
		switch binary.LittleEndian.Uint32(b[i:]) {
		case 0x04034b50:
			set(b[i+6:])
		case 0x02014b50:
			set(b[i+8:])
		}
	}
	return b
}

func flip(b []byte, old, repl string) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(repl)) }

func manyEntries(n int) []Entry {
	all := make([]Entry, n)
	for i := range all {
		all[i] = Entry{Name: fmt.Sprintf("f%d", i)}
	}
	return all
}

var raw = strings.Repeat
