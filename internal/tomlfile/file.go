// Package tomlfile reads TOML strictly and reports every fault at once: each unknown
// key, wrong type and refused value with file, line, key and value, where a plain
// decoder stops at the first. The syntax is go-toml's; only the binding of keys to
// struct fields is here, because that is where the positions are.
package tomlfile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// File is one parsed TOML file: its values, and the line of each key.
type File struct {
	Name   string
	Faults Faults
	values map[string]any
	lines  map[string]int
	at     place
}

// place is how far lines were counted: counting from the start for each key would take
// seconds for a file of many.
type place struct{ offset, line int }

// Parse reads data. A syntax error, or more than a file may hold, becomes the File's
// only Fault.
func Parse(name string, data []byte) *File {
	f := &File{Name: name, lines: map[string]int{}, at: place{line: 1}}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors begin UTF-8 with a byte order mark
	err := checkEncoding(data)
	if err == nil {
		err = checkBounds(data)
	}
	if err != nil {
		f.Faults = Faults{{File: name, Problem: err.Error()}}
		return f
	}
	if err := toml.Unmarshal(data, &f.values); err != nil {
		f.Faults = Faults{syntaxFault(name, err)}
		f.values = nil
		return f
	}
	f.index(data)
	return f
}

// Of is a file that was never written: values that came another way, with the faults and the
// bounds of one. A value of nil says nothing, but its key must be known.
func Of(name string, values map[string]any) *File {
	f := &File{Name: name, values: values, lines: map[string]int{}}
	var b bounds
	if err := f.noteAll(&b, "", values, 1); err != nil {
		f.Faults, f.values = Faults{{File: name, Problem: err.Error()}}, nil
	}
	return f
}

func (f *File) noteAll(b *bounds, table string, values map[string]any, depth int) error {
	for key, v := range values {
		if err := b.check(depth, key); err != nil {
			return err
		}
		if v != nil {
			f.lines[join(table, key)] = 0
		}
		if sub, ok := v.(map[string]any); ok {
			if err := f.noteAll(b, join(table, key), sub, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// Bind sets the fields of dst, a pointer to a struct with toml tags. Fields whose
// key is absent keep their value.
func (f *File) Bind(dst any) {
	if f.values != nil {
		f.bindStruct("", f.values, reflectElem(dst))
	}
}

// Has says whether the file sets key ("health.path").
func (f *File) Has(key string) bool {
	_, ok := f.lines[key]
	return ok
}

// Fault adds a fault about the value of key. Only the first about a key counts: what
// follows is mostly its echo. Nobody reads more than a hundred.
func (f *File) Fault(key, format string, args ...any) {
	known := func(x Fault) bool { return x.Key == key && key != "" }
	if len(f.Faults) >= maxFaults || slices.ContainsFunc(f.Faults, known) {
		return
	}
	f.Faults = append(f.Faults, f.Describe(key, format, args...))
}

// Describe is a fault about the value of key, which is not added.
func (f *File) Describe(key, format string, args ...any) Fault {
	return Fault{
		File: f.Name, Line: f.line(key), Key: key,
		Value: f.show(key), Problem: fmt.Sprintf(format, args...),
	}
}

// Err returns the faults as one error, nil when there are none.
func (f *File) Err() error {
	if len(f.Faults) == 0 {
		return nil
	}
	f.Faults.Sort()
	return f.Faults
}

// line finds the line of key, or of the nearest table around it.
func (f *File) line(key string) int {
	for key != "" {
		if n, ok := f.lines[key]; ok {
			return n
		}
		i := strings.LastIndexByte(key, '.')
		key = key[:max(i, 0)]
	}
	return 0
}

func (f *File) show(key string) string {
	var v any = f.values
	for _, part := range strings.Split(key, ".") {
		table, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = table[part]
	}
	return display(v)
}

func display(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return shorten(fmt.Sprintf("%q", shorten(v)))
	case map[string]any:
		return "{...}"
	}
	return shorten(fmt.Sprint(v))
}

func (f *File) index(data []byte) {
	var p unstable.Parser
	p.Reset(data)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = f.note(data, "", e.Key())
		case unstable.KeyValue:
			f.keyValue(data, table, e)
		}
	}
}

func (f *File) keyValue(data []byte, table string, e *unstable.Node) {
	key := f.note(data, table, e.Key())
	if e.Value().Kind != unstable.InlineTable {
		return
	}
	for it := e.Value().Children(); it.Next(); {
		f.keyValue(data, key, it.Node())
	}
}

// note records the line of a (possibly dotted) key below table and returns its path.
func (f *File) note(data []byte, table string, key unstable.Iterator) string {
	path := table
	for key.Next() {
		path = join(path, string(key.Node().Data))
		if _, seen := f.lines[path]; !seen {
			f.lines[path] = f.lineAt(data, int(key.Node().Raw.Offset))
		}
	}
	return path
}

// lineAt counts on from the key before: keys come in the order of the file.
func (f *File) lineAt(data []byte, offset int) int {
	f.at.line += bytes.Count(data[f.at.offset:offset], []byte{'\n'})
	f.at.offset = offset
	return f.at.line
}

func join(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}

func syntaxFault(name string, err error) Fault {
	fault := Fault{File: name, Problem: strings.TrimPrefix(err.Error(), "toml: ")}
	if d, ok := errors.AsType[*toml.DecodeError](err); ok {
		fault.Line, _ = d.Position()
		fault.Key = strings.Join(d.Key(), ".")
	}
	return fault
}
