package output

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
)

// Config is `config list`.
func (p *Printer) Config(_ string, s api.Settings) error {
	if done, err := p.json(s); done {
		return err
	}
	t := p.table("NAME", "VALUE", "FROM")
	for _, e := range s.Effective {
		if name, ok := strings.CutPrefix(e.Key, "env."); ok {
			t.row(name, e.Value, e.From)
		}
	}
	p.givenUp(s)
	for _, w := range s.Withheld {
		p.infof("%s", w)
	}
	if len(t.rows) == 0 {
		p.infof("no variables")
		return nil
	}
	return t.flush()
}

// Limits is `limits` without flags.
func (p *Printer) Limits(_ string, s api.Settings) error {
	if done, err := p.json(s); done {
		return err
	}
	t := p.table("LIMIT", "VALUE", "FROM", "MOST")
	for _, e := range s.Effective {
		if name, ok := strings.CutPrefix(e.Key, "limits."); ok {
			t.row(name, percent(name, e.Value), e.From, percent(name, rounded(e.Most)))
		}
	}
	p.givenUp(s)
	return t.flush()
}

// rounded is the memory of a host, which is no round number.
func rounded(most string) string {
	var b manifest.Bytes
	if !strings.HasSuffix(most, "K") || b.UnmarshalText([]byte(most)) != nil {
		return most
	}
	return size(uint64(b))
}

func percent(limit, value string) string {
	if limit == "cpu" && value != "none" {
		return value + "%"
	}
	return value
}

// Access is `access` without a mode.
func (p *Printer) Access(_ string, s api.Settings) error {
	if done, err := p.json(s); done {
		return err
	}
	p.givenUp(s)
	mode, roles, from := "", "", ""
	for _, e := range s.Effective {
		switch e.Key {
		case "access":
			mode, from = e.Value, e.From
		case "roles":
			roles = ", " + e.Value
		}
	}
	fmt.Fprintln(p.Stdout, p.clean(mode+roles+" ("+from+")"))
	return nil
}

// Scale is `scale` without numbers.
func (p *Printer) Scale(_ string, s api.Settings) error {
	if done, err := p.json(s); done {
		return err
	}
	t, there, most := p.table("PROCESS", "REPLICAS", "FROM"), map[string]bool{}, ""
	for _, e := range s.Effective {
		if process, ok := strings.CutPrefix(e.Key, "scale."); ok {
			t.row(process, e.Value, e.From)
			there[process], most = true, e.Most
		}
	}
	p.givenUp(s)
	for _, process := range slices.Sorted(maps.Keys(s.Scale)) {
		if !there[process] {
			p.infof("note: %s=%d waits for a release that has such a process", process, s.Scale[process])
		}
	}
	if err := t.flush(); err != nil || most == "" || most == "none" {
		return err
	}
	p.infof("all together have at most %s (limits.max of the host)", most)
	return nil
}

func (p *Printer) givenUp(s api.Settings) {
	if s.GivenUp != "" {
		p.infof("what was set last was given up, and what was before serves: %s", s.GivenUp)
	}
}

// SettingsChanged confirms a change of settings.
func (p *Printer) SettingsChanged(app, verb, names string, s api.Settings) error {
	p.widened(s.Widened)
	if done, err := p.json(s); done {
		return err
	}
	for _, w := range s.Withheld {
		p.infof("%s", w)
	}
	if s.Stopped != "" {
		p.infof("%s %s of %s, which takes this up when it starts: %s", verb, names, app, s.Stopped)
		return nil
	}
	p.infof("%s %s of %s: it runs with this now", verb, names, app)
	return nil
}

// widened says what an application may do that it could not before.
func (p *Printer) widened(list []string) {
	for _, w := range list {
		p.infof("note: this widens %s", w)
	}
}
