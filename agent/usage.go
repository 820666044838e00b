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

// takeReading leaves out what cannot be read: the rest is worth a figure.
func (a *Agent) takeReading(ctx context.Context) {
	readings := a.readUnits()
	host, err := figures.ReadHost()
	if err != nil {
		a.log.Debug("what the host uses cannot be read", "error", err)
	}
	ctx, cancel := context.WithTimeout(ctx, figures.Step/2)
	defer cancel()
	status, err := a.exec.proxy.Status(ctx)
	if err != nil {
		a.log.Debug("request counts could not be read from the proxy", "error", err)
	}
	for _, i := range status.Instances {
		host.Requests, host.Errors = host.Requests+i.Requests, host.Errors+i.Errors
		if r, there := readings[i.Instance]; there {
			r.Requests, r.Errors = i.Requests, i.Errors
			readings[i.Instance] = r
		}
	}
	readings[figures.Host] = host
	a.figures.Add(time.Now(), readings)
}

// readUnits sums up what the units of each application use, from their control groups.
func (a *Agent) readUnits() map[string]figures.Reading {
	a.mu.Lock()
	readings := make(map[string]figures.Reading, len(a.desired.apps)+1)
	for _, d := range a.desiredApps() {
		readings[d.ID] = figures.Reading{}
	}
	groups := make([][2]string, 0, len(readings))
	for u := range a.observed.loaded() {
		if _, wanted := readings[u.Instance]; wanted && u.MainPID != 0 && u.ControlGroup != "" {
			groups = append(groups, [2]string{u.Instance, u.ControlGroup})
		}
	}
	a.mu.Unlock()
	for _, g := range groups {
		memory, cpu := units.Usage(g[1])
		r := readings[g[0]]
		r.Memory, r.CPUNSec = r.Memory+memory, r.CPUNSec+cpu
		readings[g[0]] = r
	}
	return readings
}
