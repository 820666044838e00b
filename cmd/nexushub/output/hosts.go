package output

import (
	"fmt"

	"github.com/nexushub/nexushub/api"
)

// Hosts is `hosts`.
func (p *Printer) Hosts(hosts []api.AppHost) error {
	if done, err := p.json(hosts); done {
		return err
	}
	t := p.table("HOST", "SERVES", "PROBLEM")
	for i, h := range hosts {
		t.row(h.Host, servesAs(i, h), p.hostProblem(h))
	}
	return t.flush()
}

// servesAs says how an application has one of its hosts.
func servesAs(i int, h api.AppHost) string {
	switch {
	case h.Redirect:
		return "redirects to the first"
	case i == 0 && h.Strip:
		return "first, without its path"
	case i == 0:
		return "first"
	case h.Strip:
		return "without its path"
	}
	return "the same"
}

// host is one of the hosts in a line.
func (p *Printer) host(i int, h api.AppHost) string {
	text := h.Host
	if as := servesAs(i, h); as != "the same" {
		text += ", " + as
	}
	if problem := p.hostProblem(h); problem != "" {
		text += ": " + problem
	}
	return text
}

func (p *Printer) hostProblem(h api.AppHost) string {
	if h.Problem != "" {
		return p.red(h.Problem)
	}
	return p.yellow(h.Uncertified)
}

// others says how many names there are besides the first.
func others(hosts []api.AppHost) string {
	if len(hosts) < 2 {
		return ""
	}
	return fmt.Sprintf(" (+%d)", len(hosts)-1)
}
