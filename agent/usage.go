package agent

import (
	"context"
	"time"

	"github.com/nexushub/nexushub/agent/figures"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/units"
)

// AppFigures are what an application has used in the last hour.
func (a *Agent) AppFigures(nameOrID string) (api.Figures, error) {
	a.mu.Lock()
	d, err := a.find(nameOrID)
	a.mu.Unlock()
	if err != nil {
		return api.Figures{}, err
	}
	return a.figures.Of(d.ID), nil
}

// HostFigures are what the host has used in the last hour.
func (a *Agent) HostFigures() api.Figures { return a.figures.Of(figures.Host) }

// RunFigures takes a reading of everything every ten seconds until ctx ends. It asks the kernel and the
// proxy; PID 1 is left alone.
func (a *Agent) RunFigures(ctx context.Context) error {
	tick := time.NewTicker(figures.Step)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			a.takeReading(ctx)
		}
	}
}

// takeReading takes none where a counter cannot be read: taken for 0, it would seem to leap later.
func (a *Agent) takeReading(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, figures.Step/2)
	defer cancel()
	status, err := a.exec.proxy.Status(ctx)
	if err != nil {
		a.log.Debug("request counts could not be read from the proxy", "error", err)
		return
	}
	host, err := figures.ReadHost()
	if err != nil {
		a.log.Debug("what the host uses cannot be read", "error", err)
		return
	}
	readings, groups := a.whatToRead()
	for _, i := range status.Instances {
		host.Requests, host.Errors = host.Requests+i.Requests, host.Errors+i.Errors
		if r, there := readings[i.Instance]; there {
			r.Requests, r.Errors = i.Requests, i.Errors
			readings[i.Instance] = r
		}
	}
	now := time.Now()
	for id, r := range readings {
		if r.Rests = a.figures.Rests(id, r.Requests, now); !r.Rests {
			r.Usage = usageOf(groups[id])
		}
		readings[id] = r
	}
	readings[figures.Host] = host
	a.figures.Add(now, readings)
}

// whatToRead are all applications, and the control groups of the units of each.
func (a *Agent) whatToRead() (map[string]figures.Reading, map[string][]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	readings := make(map[string]figures.Reading, len(a.desired.apps)+1)
	for _, d := range a.desiredApps() {
		readings[d.ID] = figures.Reading{}
	}
	groups := make(map[string][]string, len(readings))
	for u := range a.observed.loaded() {
		if _, wanted := readings[u.Instance]; wanted && u.MainPID != 0 && u.ControlGroup != "" {
			groups[u.Instance] = append(groups[u.Instance], u.ControlGroup)
		}
	}
	return readings, groups
}

func usageOf(groups []string) (sum figures.Usage) {
	for _, g := range groups {
		memory, cpu := units.Usage(g)
		sum.Memory, sum.CPUNSec = sum.Memory+memory, sum.CPUNSec+cpu
	}
	return sum
}
