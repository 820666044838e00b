package output

import (
	"fmt"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
)

// processes says in one cell how many replicas there are: "web 4, worker 1/2".
func processes(a api.App) string {
	parts := make([]string, len(a.Processes))
	for i, p := range a.Processes {
		parts[i] = fmt.Sprintf("%s %d", p.Name, p.Wanted)
		if p.Ready != p.Wanted {
			parts[i] = fmt.Sprintf("%s %d/%d", p.Name, p.Ready, p.Wanted)
		}
	}
	return strings.Join(parts, ", ")
}

// replicas adds a row for each of them.
func (p *Printer) replicas(rows *pairs, a api.App) {
	for _, process := range a.Processes {
		if process.Wanted == 0 && len(process.Replicas) == 0 {
			rows.row(process.Name, "no replica")
		}
		for _, r := range process.Replicas {
			rows.row(replicaName(process, r), p.replica(a, r))
		}
	}
}

func replicaName(p api.Process, r api.Replica) string { return fmt.Sprintf("%s.%d", p.Name, r.Number) }

func (p *Printer) replica(a api.App, r api.Replica) string {
	parts := []string{p.withReason(p.state(r.State), r.Why)}
	if r.NextTry != nil {
		parts = append(parts, "next try "+p.in(*r.NextTry))
	}
	if r.PID != 0 {
		parts = append(parts, fmt.Sprintf("pid %d", r.PID))
	}
	if r.Port != 0 {
		parts = append(parts, fmt.Sprintf("port %d", r.Port))
	}
	parts = append(parts, count(r.Restarts, "restart"))
	if r.PID != 0 {
		parts = append(parts, "memory "+size(r.Memory), "cpu "+time.Duration(r.CPUNSec).Round(10*time.Millisecond).String())
	}
	if r.Requests > 0 || r.InFlight > 0 {
		parts = append(parts, fmt.Sprintf("%d requests", r.Requests), fmt.Sprintf("%d in flight", r.InFlight))
	}
	if r.Revision != a.Revision {
		parts = append(parts, "revision "+shortHash(r.Revision))
	}
	return strings.Join(append(parts, r.Unit), ", ")
}
