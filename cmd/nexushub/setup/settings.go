// Package setup prepares a host for a domain: it edits the configuration and leaves what
// operators wrote there, finds out who has a port, and where a name leads.
package setup

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// ownFile gets the keys that no other file sets. It is not nexushub.toml, about which dpkg
// would ask at the next upgrade.
const ownFile = "conf.d/setup.toml"

const ownHead = "# Written by nexushub setup. Edit it as you like.\n"

// maxFile bounds a file of configuration.
const maxFile = 1 << 20

// Setting is one key of nexushub.toml(5) and the text that it is to have.
type Setting struct{ Key, Value string }

// Line is one line of configuration that changes.
type Line struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Old  string `json:"old,omitempty"` // missing: the line is new
	New  string `json:"new"`
}

// Edit is what changes in a folder of configuration.
type Edit struct {
	Lines []Line
	dir   string
	files []file
}

// file is one in the folder, by its name there.
type file struct {
	name      string
	there     bool
	old, next []byte
}

// NewEdit finds the lines that must change for settings to be in force. A key is changed
// where it is set last, since that counts. Nothing else may change by it.
func NewEdit(dir string, settings []Setting) (*Edit, error) {
	e := &Edit{dir: dir}
	if err := e.read(); err != nil {
		return nil, err
	}
	before, err := e.load()
	if err != nil {
		return nil, fmt.Errorf("the configuration has faults, which come first: %w", err)
	}
	for _, s := range settings {
		if before[s.Key] != strconv.Quote(s.Value) {
			if err := e.set(s); err != nil {
				return nil, err
			}
		}
	}
	return e, e.check(before, settings)
}

// read takes all files in the order in which they count, ownFile among them.
func (e *Edit) read() error {
	dir, err := beneath.Folder(e.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	confs, err := dir.ReadDir("conf.d")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	names := []string{ownFile}
	for _, c := range confs {
		if name := "conf.d/" + c.Name(); strings.HasSuffix(name, ".toml") && c.Name()[0] != '.' && name != ownFile {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range append([]string{"nexushub.toml"}, names...) {
		content, err := dir.ReadFile(name, maxFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", filepath.Join(e.dir, name), err)
		}
		e.files = append(e.files, file{name, err == nil, content, content})
	}
	return nil
}

// load returns the settings that the files make.
func (e *Edit) load() (map[string]string, error) {
	var files []config.File
	for _, f := range e.files {
		files = append(files, config.File{Path: filepath.Join(e.dir, f.name), Content: f.next})
	}
	c, err := config.OfFiles(files)
	if err != nil {
		return nil, err
	}
	return c.Settings(), nil
}

func (e *Edit) set(s Setting) error {
	for _, f := range slices.Backward(e.files) {
		if parsed := tomlfile.Parse(f.name, f.next); parsed.Has(s.Key) {
			return e.replace(f.name, parsed.Describe(s.Key, "").Line, s)
		}
	}
	e.add(s)
	return nil
}

func (e *Edit) file(name string) *file {
	return &e.files[slices.IndexFunc(e.files, func(f file) bool { return f.name == name })]
}

// oneLine is a key with a text on the same line, and whatever is around it.
var oneLine = regexp.MustCompile(`^([\w.'" \t-]+=[ \t]*)(?:"[^"\\]*"|'[^']*')([ \t]*(?:#.*)?)$`)

func (e *Edit) replace(name string, line int, s Setting) error {
	f := e.file(name)
	lines := strings.Split(string(f.next), "\n")
	old, end := strings.CutSuffix(lines[line-1], "\r")
	parts := oneLine.FindStringSubmatch(old)
	if parts == nil {
		return fmt.Errorf("%s:%d must be changed by hand: set %s = %q there, and run this again",
			filepath.Join(e.dir, name), line, s.Key, s.Value)
	}
	text := parts[1] + strconv.Quote(s.Value) + parts[2]
	e.Lines = append(e.Lines, Line{filepath.Join(e.dir, name), line, old, text})
	if end {
		text += "\r"
	}
	lines[line-1] = text
	f.next = []byte(strings.Join(lines, "\n"))
	return nil
}

// add puts a line before the first table, as a dotted key, which needs no table of its own.
func (e *Edit) add(s Setting) {
	f := e.file(ownFile)
	lines := strings.Split(strings.TrimSuffix(cmp.Or(string(f.next), ownHead), "\n"), "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "[") })
	if at < 0 {
		at = len(lines)
	}
	text := s.Key + " = " + strconv.Quote(s.Value)
	f.next = []byte(strings.Join(slices.Insert(lines, at, text), "\n") + "\n")
	e.Lines = append(e.Lines, Line{File: filepath.Join(e.dir, ownFile), Line: at + 1, New: text})
}

// check says whether the settings come into force, and nothing else.
func (e *Edit) check(before map[string]string, settings []Setting) error {
	after, err := e.load()
	if err != nil {
		return fmt.Errorf("the configuration must be changed by hand, in %s: %w", e.dir, err)
	}
	for _, s := range settings {
		if after[s.Key] != strconv.Quote(s.Value) {
			return fmt.Errorf("%s must be set to %q by hand, in %s", s.Key, s.Value, e.dir)
		}
		before[s.Key] = after[s.Key]
	}
	if others := config.Differing(before, after); len(others) > 0 {
		return fmt.Errorf("the configuration must be changed by hand, in %s: %s would change as well", e.dir,
			strings.Join(others, ", "))
	}
	return nil
}

// Write replaces the files that change; each keeps its owner and mode.
func (e *Edit) Write() error {
	return e.each(func(dir *beneath.Dir, f file) error { return replace(dir, f.name, f.next) })
}

// Undo puts back what Write has replaced.
func (e *Edit) Undo() error {
	return e.each(func(dir *beneath.Dir, f file) error {
		if !f.there {
			return dir.Remove(f.name)
		}
		return replace(dir, f.name, f.old)
	})
}

func (e *Edit) each(do func(*beneath.Dir, file) error) error {
	dir, err := beneath.Folder(e.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	for _, f := range e.files {
		if !bytes.Equal(f.old, f.next) {
			err = errors.Join(err, do(dir, f))
		}
	}
	return err
}

func replace(dir *beneath.Dir, name string, content []byte) error {
	mode, uid, gid := fs.FileMode(0o644), 0, 0
	old, info, err := dir.OpenRegular(name)
	if err == nil {
		s := info.Sys().(*syscall.Stat_t)
		mode, uid, gid = info.Mode().Perm(), int(s.Uid), int(s.Gid)
		old.Close()
	} else if errors.Is(err, fs.ErrNotExist) {
		err = dir.MkdirAll(filepath.Dir(name), 0o755)
	}
	if err != nil {
		return err
	}
	f, err := dir.Pending(name, mode)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = errors.Join(f.Chown(uid, gid), f.Chmod(mode))
	}
	if err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}
