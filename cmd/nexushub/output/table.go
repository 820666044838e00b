package output

import (
	"strings"
	"unicode/utf8"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/termtext"
)

// table aligns columns. Empty columns are left out; cells are made safe for a
// terminal, since some come from applications.
type table struct {
	p    *Printer
	head []string
	rows [][]string
}

func (p *Printer) table(head ...string) *table { return &table{p: p, head: head} }

func (t *table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = t.p.clean(strings.ReplaceAll(cell, "\n", " "))
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
	t.line(&b, width, t.head, t.p.bold)
	for _, row := range t.rows {
		t.line(&b, width, row, func(s string) string { return s })
	}
	_, err := t.p.Stdout.Write([]byte(b.String()))
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

// pairs are the lines of `status`: a label and its text.
type pairs struct {
	p *Printer
	b strings.Builder
}

func (p *Printer) pairs() *pairs { return &pairs{p: p} }

func (l *pairs) row(label, text string) {
	if text == "" {
		return
	}
	l.b.WriteString(strings.Repeat(" ", max(0, 12-len(label))) + termtext.Text(label) + ": " + l.p.clean(text) + "\n")
}

func (l *pairs) flush() error {
	_, err := l.p.Stdout.Write([]byte(l.b.String()))
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
func (p *Printer) clean(s string) string {
	own := []string{"\n"}
	if p.Colour {
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
			b.WriteString(termtext.Text(rest[:n]))
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

func (p *Printer) style(on, s string) string {
	return p.within(on, termtext.Text(s))
}

// within gives a style to text that is safe already.
func (p *Printer) within(on, safe string) string {
	if !p.Colour || safe == "" {
		return safe
	}
	return on + safe + styleOff
}

func (p *Printer) bold(s string) string   { return p.style(boldOn, s) }
func (p *Printer) red(s string) string    { return p.style(redOn, s) }
func (p *Printer) yellow(s string) string { return p.style(yellowOn, s) }
func (p *Printer) dim(s string) string    { return p.style(dimOn, s) }

func (p *Printer) state(s api.State) string {
	switch s {
	case api.StateRunning:
		return p.style(greenOn, string(s))
	case api.StateFailed, api.StateUnhealthy, api.StateBackingOff:
		return p.red(string(s))
	case api.StateStopped:
		return p.dim(string(s))
	}
	return p.yellow(string(s))
}

func (p *Printer) route(state string) string {
	switch state {
	case "ready":
		return p.style(greenOn, state)
	case "down":
		return p.red(state)
	}
	return p.yellow(state)
}
