package output

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/termtext"
)

// LogStyle is -o of `logs`.
type LogStyle string

// The styles of `logs`.
const (
	Short LogStyle = "short" // time, unit, message
	Cat   LogStyle = "cat"   // message
	JSON  LogStyle = "json"  // one document per line
)

// Entry prints one line of a log, with the application's name where it is not clear.
func (p *Printer) Entry(e api.LogEntry, style LogStyle, named bool) error {
	var err error
	switch style {
	case JSON:
		err = p.jsonLine(e)
	case Cat:
		_, err = fmt.Fprintln(p.Stdout, p.letters(e.Message))
	default:
		at := p.dim(e.Timestamp.Local().Format("Jan 02 15:04:05.000"))
		_, err = fmt.Fprintf(p.Stdout, "%s %s%s%s[%d] %s\n", at, name(e, named), part(e), termtext.Text(e.Source), e.PID,
			p.message(e))
	}
	return err
}

// name is the application's, where it is not clear, and what of it is not its own process: a job, or the
// release command. Their lines are between those of what serves.
func name(e api.LogEntry, wanted bool) string {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(e.Unit, "nexushub-"), "-")
	i := strings.LastIndexByte(rest, '-')
	if i < 1 {
		return ""
	}
	slug, what := rest[:i], ""
	switch kind {
	case "app":
		slug = strings.TrimSuffix(slug, fmt.Sprintf("-%s-%d", e.Process, e.Replica))
	case "job":
		if at := strings.LastIndexByte(slug, '-'); at > 0 {
			slug, what = slug[:at], slug[at+1:]+" "
		}
	case "release":
		what = "release "
	default:
		return ""
	}
	if wanted {
		what = slug + " " + what
	}
	return termtext.Text(what)
}

// part names the process and the replica, where there is more than one.
func part(e api.LogEntry) string {
	if e.Process == "" {
		return ""
	}
	return termtext.Text(fmt.Sprintf("%s.%d ", e.Process, e.Replica))
}

func (p *Printer) message(e api.LogEntry) string {
	switch {
	case e.Level == "error":
		return p.within(redOn, p.letters(e.Message))
	case e.Level == "warn":
		return p.within(yellowOn, p.letters(e.Message))
	case e.Source == api.LogSystem, e.Level == "debug":
		return p.within(dimOn, p.letters(e.Message))
	}
	return p.letters(e.Message)
}

// letters is a message in the colours that its program gave it, where colours are wanted.
func (p *Printer) letters(s string) string {
	if p.Colour {
		return termtext.Coloured(s)
	}
	return termtext.Plain(s)
}

// Gap says that lines are missing.
func (p *Printer) Gap(g api.LogGap, style LogStyle) error {
	if style == JSON {
		return p.jsonLine(map[string]api.LogGap{"gap": g})
	}
	_, err := fmt.Fprintln(p.Stderr, p.yellow("-- "+g.Message+" --"))
	return err
}

func (p *Printer) jsonLine(doc any) error {
	line, err := json.Marshal(doc)
	if err == nil {
		_, err = fmt.Fprintf(p.Stdout, "%s\n", termtext.JSON(line))
	}
	return err
}

// Cursor is the last line of `logs --show-cursor`, in journalctl's form.
func (p *Printer) Cursor(id string) { fmt.Fprintln(p.Stdout, "-- cursor: "+termtext.Text(id)) }

// Reconnecting says why a stream pauses.
func (p *Printer) Reconnecting(err error) { p.infof("-- connection lost (%v), reconnecting --", err) }
