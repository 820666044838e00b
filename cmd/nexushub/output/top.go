package output

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/api"
)

// Load is what an application uses right now.
type Load struct {
	api.App
	Replica  string  `json:"replica,omitempty"` // the load is of this one alone: worker.2
	CPU      float64 `json:"cpu_percent"`       // of one core
	Requests float64 `json:"requests_per_second"`
}

// Top shows one frame of `top`.
func (p *Printer) Top(loads []Load) error {
	slices.SortStableFunc(loads, func(a, b Load) int {
		return cmp.Or(cmp.Compare(b.CPU, a.CPU), cmp.Compare(b.Memory, a.Memory), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Replica, b.Replica))
	})
	if p.AsJSON {
		return p.jsonLine(loads)
	}
	if p.Colour {
		fmt.Fprint(p.Stdout, "\x1b[H\x1b[J") // home, clear below
	}
	if len(loads) == 0 {
		_, err := fmt.Fprintln(p.Stdout, "no applications")
		return err
	}
	t := p.table("NAME", "STATE", "CPU", "MEMORY", "TASKS", "REQ/S", "IN FLIGHT", "RESTARTS")
	for _, l := range loads {
		t.row(strings.TrimSpace(l.Name+" "+l.Replica), p.state(l.State), fmt.Sprintf("%.1f%%", l.CPU), size(l.Memory),
			fmt.Sprint(l.Tasks), fmt.Sprintf("%.1f", l.Requests), fmt.Sprint(l.InFlight), fmt.Sprint(l.Restarts))
	}
	if err := t.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.Stdout)
	return err
}
