package output

import (
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/cmd/nexushub/setup"
	"github.com/nexushub/nexushub/internal/shell"
)

// Setup is what `setup` has done, or would do.
type Setup struct {
	Domain       string       `json:"domain"`
	Before       string       `json:"before,omitempty"` // another domain, until now
	Applied      bool         `json:"applied"`          // false: --dry-run
	Lines        []setup.Line `json:"lines"`            // of the configuration
	Opened       []int        `json:"opened"`           // ports
	Email        string       `json:"email,omitempty"`  // for certificates by ACME
	Records      []string     `json:"records"`          // of DNS
	Applications []string     `json:"applications"`     // that keep their names below the domain of before
}

// SetUp is `setup`.
func (p *Printer) SetUp(s Setup) error {
	if done, err := p.json(s); done {
		return err
	}
	var b strings.Builder
	for _, l := range s.Lines {
		fmt.Fprintf(&b, "%s:%d\n", l.File, l.Line)
		if l.Old != "" {
			fmt.Fprintf(&b, "  - %s\n", l.Old)
		}
		fmt.Fprintf(&b, "  + %s\n", l.New)
	}
	for _, port := range s.Opened {
		fmt.Fprintf(&b, "port %d is opened\n", port)
	}
	switch {
	case !s.Applied:
		b.WriteString("nothing is changed yet: --dry-run\n")
	case len(s.Lines)+len(s.Opened) == 0:
		b.WriteString("nothing to change: this host serves " + s.Domain + "\n")
	default:
		b.WriteString("this host serves " + s.Domain + "\n")
	}
	s.next(&b)
	_, err := fmt.Fprint(p.Stdout, p.clean(b.String()))
	return err
}

// next says what is left to do, which setup cannot.
func (s Setup) next(b *strings.Builder) {
	if len(s.Applications) > 0 {
		fmt.Fprintf(b, "\nThese keep their names below %s: %s.\n", s.Before, strings.Join(s.Applications, ", "))
	}
	if s.Before != "" {
		fmt.Fprintf(b, "Developers log in again: nexushub login admin.%s --token -\n", s.Domain)
	}
	b.WriteString("\nnext:\n")
	if !strings.HasSuffix("."+s.Domain, ".localhost") {
		b.WriteString("  DNS, at whoever has the domain:\n")
		for _, r := range s.Records {
			b.WriteString("    " + r + "\n")
		}
	}
	b.WriteString("  deploy an application: nexushub deploy ./myapp\n")
	if s.Email == "" {
		b.WriteString("  certificates come from this host's own authority; to trust it: nexushub cert\n" +
			"  for those that every browser trusts: " + shell.Command("nexushub setup --domain", s.Domain) + " --email ADDRESS\n")
	}
}
