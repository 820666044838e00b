// Package dotenv reads .env files: NAME=VALUE lines, as the tools of most languages do. What it
// says of a file never holds a value, because many are secrets.
//
// A value ends with its line, or with its quote, which may be lines further on. Without quotes it
// is what is written, without the white space around it and a comment (" #"). Within '...' and
// `...` everything stands for itself; within "..." \n, \r, \t, \", \\ and \$ are one character. A
// variable in a value stays as it is written.
package dotenv

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Variable is one of a file.
type Variable struct {
	Name, Value string
	line        int
	literal     bool // nobody takes a "$" in it for a variable
}

// Parse lists the variables in their order. The error is a tomlfile.Faults with all that is wrong;
// the notes are what may be other than it was meant.
func Parse(name string, data []byte) (list []Variable, notes []string, err error) {
	p := parser{file: name, rest: strings.TrimPrefix(string(data), "\ufeff"), line: 1}
	if !utf8.ValidString(p.rest) {
		return nil, nil, tomlfile.Faults{{File: name, Problem: "must be text in UTF-8"}}
	}
	for p.rest != "" {
		p.statement()
	}
	if len(p.faults) > 0 {
		return nil, nil, p.faults
	}
	return p.list, p.notes(), nil
}

type parser struct {
	file   string
	rest   string
	line   int
	list   []Variable
	faults tomlfile.Faults
}

// statement takes one line, and those that a quoted value reaches over.
func (p *parser) statement() {
	line, text := p.line, strings.TrimLeft(p.rest[:p.toEnd()], " \t\r")
	if text == "" || text[0] == '#' {
		p.take(p.toEnd() + 1)
		return
	}
	name, _, ok := strings.Cut(text, "=")
	if !ok {
		p.fault(line, "", "must be NAME=VALUE")
		p.take(p.toEnd() + 1)
		return
	}
	p.take(strings.IndexByte(p.rest, '=') + 1)
	v := Variable{Name: strings.TrimSpace(strings.TrimPrefix(name, "export ")), line: line}
	problem := p.value(&v)
	at := slices.IndexFunc(p.list, func(o Variable) bool { return o.Name == v.Name })
	switch {
	case !manifest.IsEnvName(v.Name): // it may be a piece of a value, and is not repeated
		p.fault(line, "", "must be NAME=VALUE, with a name made of letters, digits and '_'")
	case problem != "":
		p.fault(line, v.Name, problem)
	case at >= 0:
		p.fault(line, v.Name, fmt.Sprintf("is set in line %d already", p.list[at].line))
	default:
		p.list = append(p.list, v)
	}
}

// value reads what follows "=", to the end of its line.
func (p *parser) value(v *Variable) (problem string) {
	p.take(len(p.rest) - len(strings.TrimLeft(p.rest, " \t")))
	if p.rest == "" || !strings.ContainsRune("'`\"", rune(p.rest[0])) {
		v.Value = strings.TrimSpace(withoutComment(p.rest[:p.toEnd()]))
		p.take(p.toEnd() + 1)
		return ""
	}
	quote := p.rest[0]
	end := closing(p.rest[1:], quote)
	if end < 0 {
		p.take(len(p.rest)) // what follows is a value, and not to be taken for names
		return "its quote is not closed"
	}
	v.Value, v.literal = p.rest[1:1+end], quote == '\''
	if quote == '"' {
		v.Value = escapes.Replace(v.Value)
	}
	p.take(end + 2)
	after := strings.TrimSpace(p.rest[:p.toEnd()])
	p.take(p.toEnd() + 1)
	if after != "" && after[0] != '#' {
		return "there is text after its closing quote"
	}
	return ""
}

var escapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\$`, `$`)

// closing is where the quote ends; -1: nowhere.
func closing(s string, quote byte) int {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == quote:
			return i
		case s[i] == '\\' && quote == '"':
			i++
		}
	}
	return -1
}

func withoutComment(s string) string {
	for i := range len(s) {
		if s[i] == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t') {
			return s[:i]
		}
	}
	return s
}

// toEnd is how far the line reaches.
func (p *parser) toEnd() int {
	if i := strings.IndexByte(p.rest, '\n'); i >= 0 {
		return i
	}
	return len(p.rest)
}

func (p *parser) take(n int) {
	n = min(n, len(p.rest))
	p.line += strings.Count(p.rest[:n], "\n")
	p.rest = p.rest[n:]
}

func (p *parser) fault(line int, key, problem string) {
	p.faults = append(p.faults, tomlfile.Fault{File: p.file, Line: line, Key: key, Problem: problem})
}

var reference = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// notes are about values that name another variable of the file, which some tools would fill in.
func (p *parser) notes() (notes []string) {
	for _, v := range p.list {
		for _, m := range reference.FindAllStringSubmatch(v.Value, -1) {
			named := func(o Variable) bool { return o.Name == m[1] }
			if !v.literal && slices.ContainsFunc(p.list, named) {
				notes = append(notes, fmt.Sprintf("%s:%d: %s: variables are not filled in, so $%s stays as it is written",
					p.file, v.line, v.Name, m[1]))
			}
		}
	}
	return notes
}
