package nexushub_test

import (
	"bytes"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	documentWidth = 100
	codeWidth     = 120
	// messageWidth is what a string counts for at most in a line of code: messages stay
	// whole, so that they are found.
	messageWidth = 20
)

// directive is a comment for a tool, which has to be one line.
var directive = regexp.MustCompile(`^//(go:|nolint|lint:)`)

// Documents wrap at 100 columns and code at 120, so that two of them fit on a screen. Tables,
// addresses and what a program writes are exempt; a string in the code counts for a word.
func TestLinesFitOnAScreen(t *testing.T) {
	checked := 0
	for _, name := range ownFiles(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case name == "docs/benchmarks.md":
			continue // make bench writes it
		case filepath.Ext(name) == ".md" || strings.HasPrefix(name, "packaging/man/") && filepath.Ext(name) != ".go":
			checkLines(t, name, text, text, documentWidth)
		case strings.HasPrefix(name, "packaging/systemd/") || strings.HasPrefix(name, "packaging/etc/"):
			checkLines(t, name, text, text, documentWidth)
		case filepath.Ext(name) == ".sh":
			checkLines(t, name, text, text, codeWidth)
		case filepath.Ext(name) == ".go":
			checkLines(t, name, text, withoutMessages(text), codeWidth)
		default:
			continue
		}
		checked++
	}
	if checked < 300 {
		t.Errorf("only %d files checked: the search is broken", checked)
	}
}

// checkLines measures the lines of a text; whole has the same lines with what does not count.
func checkLines(t *testing.T, name string, whole, measured []byte, most int) {
	t.Helper()
	table := "|"
	if filepath.Ext(name) == ".go" {
		table = "{\"" // what rows of cases begin with
	}
	lines := strings.Split(string(measured), "\n")
	for i, line := range strings.Split(string(whole), "\n") {
		text := strings.TrimLeft(line, "\t")
		exempt := text != "" && strings.ContainsRune(table, rune(text[0])) || strings.Contains(line, "://")
		if n := utf8.RuneCountInString(lines[i]); n > most && !exempt {
			t.Errorf("%s:%d: %d columns, %d is the most", name, i+1, n, most)
		}
	}
}

// withoutMessages is a Go file with long strings cut to the width of a word, and without
// directives.
func withoutMessages(text []byte) []byte {
	file := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	var cut bytes.Buffer
	last := 0
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			break
		}
		if short, counts := shorten(kind, literal); !counts {
			at := file.Offset(pos)
			cut.Write(text[last:at])
			cut.WriteString(short)
			last = at + len(literal)
		}
	}
	cut.Write(text[last:])
	return cut.Bytes()
}

// shorten says what a token counts for, if not for itself.
func shorten(kind token.Token, literal string) (short string, counts bool) {
	lines := strings.Count(literal, "\n")
	switch {
	case kind == token.STRING && lines > 0: // a script or a golden text
		return strings.Repeat("\n", lines), false
	case kind == token.STRING && utf8.RuneCountInString(literal) > messageWidth:
		return strings.Repeat("x", messageWidth), false
	case kind == token.COMMENT && directive.MatchString(literal):
		return "", false
	}
	return "", true
}

// ownFiles are the files of the repository, without what is built or downloaded.
func ownFiles(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (name == "dist" || d.Name()[0] == '.' || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.Type().IsRegular():
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
