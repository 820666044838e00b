package output

import (
	"fmt"

	"github.com/nexushub/nexushub/api"
)

// StateEvent is one line of `events`.
func (p *Printer) StateEvent(e api.StateEvent) error {
	if p.AsJSON {
		return p.jsonLine(e)
	}
	state := p.state(e.State)
	switch {
	case e.Removed:
		state = p.dim("removed")
	case e.Before != "":
		state = fmt.Sprintf("%s -> %s", e.Before, state)
	}
	at := p.dim(e.Time.Local().Format("Jan 02 15:04:05"))
	_, err := fmt.Fprintf(p.Stdout, "%s %s %s\n", at, p.clean(e.Name), p.clean(p.withReason(state, e.Why)))
	return err
}
