package voice

import (
	"strings"
	"unicode/utf8"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/journal"
)

// table aligns columns. Empty columns are left out; cells are made safe for a
// terminal, since some come from applications.
type table struct {
	v    *Voice
	head []string
	rows [][]string
}

func (v *Voice) table(head ...string) *table { return &table{v: v, head: head} }

func (t *table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = t.v.clean(strings.ReplaceAll(cell, "\n", " "))
	}
	t.rows = append(t.rows, cells)
}

func (t *table) flush() error {
	width := make([]int, len(t.head))
	for _, row := range t.rows {
		for i, cell := range row {
			if cell != "" {
				width[i] = max(width[i], visible(cell), len(t.head[i]))
			}
		}
	}
	var b strings.Builder
	t.line(&b, width, t.head, t.v.bold)
	for _, row := range t.rows {
		t.line(&b, width, row, func(s string) string { return s })
	}
	_, err := t.v.Out.Write([]byte(b.String()))
	return err
}

func (t *table) line(b *strings.Builder, width []int, cells []string, style func(string) string) {
	var line strings.Builder
	for i, cell := range cells {
		if width[i] == 0 {
			continue
		}
		line.WriteString(style(cell))
		line.WriteString(strings.Repeat(" ", width[i]-visible(cell)+2))
	}
	b.WriteString(strings.TrimRight(line.String(), " "))
	b.WriteByte('\n')
}

// pairs are the lines of `status`: a word and what there is to say.
type pairs struct {
	v *Voice
	b strings.Builder
}

func (v *Voice) pairs() *pairs { return &pairs{v: v} }

func (p *pairs) row(word, text string) {
	if text == "" {
		return
	}
	p.b.WriteString(strings.Repeat(" ", max(0, 12-len(word))) + journal.Plain(word) + ": " + p.v.clean(text) + "\n")
}

func (p *pairs) flush() error {
	_, err := p.v.Out.Write([]byte(p.b.String()))
	return err
}

// visible is the width of a cell without its colours.
func visible(s string) int {
	n := 0
	for {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			return n + utf8.RuneCountInString(s)
		}
		n += utf8.RuneCountInString(s[:i])
		_, rest, found := strings.Cut(s[i:], "m")
		if !found {
			return n
		}
		s = rest
	}
}

// clean lets through our own styles, where there are any, and escapes every other control
// character: much of what is shown comes from applications.
func (v *Voice) clean(s string) string {
	own := []string{"\n"}
	if v.Colour {
		own = append(own, boldOn, redOn, greenOn, yellowOn, dimOn, styleOff)
	}
	var b strings.Builder
	for rest := s; rest != ""; {
		style := ""
		for _, on := range own {
			if strings.HasPrefix(rest, on) {
				style = on
			}
		}
		n := max(1, len(style))
		if style == "" {
			_, n = utf8.DecodeRuneInString(rest)
			b.WriteString(journal.Plain(rest[:n]))
		}
		b.WriteString(style)
		rest = rest[n:]
	}
	return b.String()
}

const (
	boldOn   = "\x1b[1m"
	redOn    = "\x1b[31m"
	greenOn  = "\x1b[32m"
	yellowOn = "\x1b[33m"
	dimOn    = "\x1b[2m"
	styleOff = "\x1b[0m"
)

func (v *Voice) style(on, s string) string {
	if s = journal.Plain(s); !v.Colour || s == "" {
		return s
	}
	return on + s + styleOff
}

func (v *Voice) bold(s string) string   { return v.style(boldOn, s) }
func (v *Voice) red(s string) string    { return v.style(redOn, s) }
func (v *Voice) yellow(s string) string { return v.style(yellowOn, s) }
func (v *Voice) dim(s string) string    { return v.style(dimOn, s) }

func (v *Voice) state(s api.State) string {
	switch s {
	case api.StateRunning:
		return v.style(greenOn, string(s))
	case api.StateFailed, api.StateUnhealthy, api.StateBackingOff:
		return v.red(string(s))
	case api.StateStopped:
		return v.dim(string(s))
	}
	return v.yellow(string(s))
}

func (v *Voice) route(state string) string {
	switch state {
	case "ready":
		return v.style(greenOn, state)
	case "down":
		return v.red(state)
	}
	return v.yellow(state)
}
