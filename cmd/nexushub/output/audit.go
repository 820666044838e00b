package output

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/api"
)

// Audit is `audit`.
func (p *Printer) Audit(entries []api.AuditEntry) error {
	if done, err := p.json(entries); done {
		return err
	}
	if len(entries) == 0 {
		p.infof("nothing was changed, as far as the journal reaches")
		return nil
	}
	t := p.table("TIME", "BY", "FROM", "APPLICATION", "CALL", "CHANGED", "RESULT")
	for _, e := range entries {
		t.row(p.audited(e)...)
	}
	return t.flush()
}

// AuditEntry is one line of `audit -f`.
func (p *Printer) AuditEntry(e api.AuditEntry) error {
	if p.AsJSON {
		return p.jsonLine(e)
	}
	cells := p.audited(e)
	for i, cell := range cells {
		cells[i] = p.clean(strings.ReplaceAll(cell, "\n", " "))
	}
	_, err := fmt.Fprintln(p.Stdout, strings.Join(strings.Fields(strings.Join(cells, " ")), " "))
	return err
}

func (p *Printer) audited(e api.AuditEntry) []string {
	by := e.By
	if e.Token != "" {
		by = "token " + e.Token
	}
	from := e.From
	if e.Address != "" {
		from += " " + e.Address
	}
	result := e.Result
	if e.Result != "done" {
		result = p.red(fmt.Sprintf("%s (%d)", e.Result, e.Status))
	}
	return []string{e.Time.Local().Format("Jan 02 15:04:05"), by, from, cmp.Or(e.App, e.Instance), e.Call,
		strings.Join(e.Changed, ", "), result}
}
