package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/ports"
	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/units"
)

// routesLimit is how long the start waits for the proxy to tell what it routes.
const routesLimit = 3 * time.Second

// Names of the state files.
const (
	instancesFile = "instances"
	portsFile     = "ports"
	unitsFile     = "units"
	dynamicFile   = "dynamic"
	installedFile = "installed"
	haltedFile    = "halted"
	jobsFile      = "jobs"
	certifiedFile = "certified"
)

// load reads the state files.
func (a *Agent) load() (ports.Saved, error) {
	var saved ports.Saved
	a.mu.Lock()
	defer a.mu.Unlock()
	var memories map[string]*plan.Memory
	var past map[string]*unitNames
	known, err := a.state.Load(instancesFile, &memories)
	if err != nil {
		return saved, err
	}
	if _, err := a.state.Load(dynamicFile, &a.desired.dynamic); err != nil {
		return saved, err
	}
	if _, err := a.state.Load(installedFile, &a.desired.installed); err != nil {
		return saved, err
	}
	unitsKnown, err := a.state.Load(unitsFile, &past)
	if err != nil {
		return saved, err
	}
	if _, err := a.state.Load(certifiedFile, &a.desired.certified); err != nil {
		return saved, err
	}
	if _, err := a.state.Load(haltedFile, &a.loop.halted); err != nil {
		return saved, err
	}
	if _, err := a.state.Load(portsFile, &saved); err != nil {
		return saved, err
	}
	a.loop.fresh, a.loop.pastLost, a.observed.past = !known, !unitsKnown, newPastUnits(past)
	for id, m := range memories {
		if m == nil {
			continue
		}
		a.observed.instance(id).memory = m
		if m.ByHand != "" && m.ByHand != a.bootID { // like systemctl stop, it ends with the boot
			m.Stopped, m.ByHand, m.Left = "", "", nil
		}
	}
	return saved, nil
}

// adopt records what PID 1 runs. Without state, applications whose provider has not given
// its list yet are adopted as they are.
func (a *Agent) adopt(ctx context.Context) error {
	list, err := a.units.List(ctx)
	if err != nil {
		return fmt.Errorf("cannot ask systemd what runs: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.observed.enterAll(list, 0)
	for u := range a.observed.loaded() {
		u.Adopted = true
		if m := a.observed.known(u.Instance).memory; m != nil {
			if r := m.Restarts[u.Unit]; r.Invocation != "" && r.Invocation != u.Invocation {
				a.loop.unseen = append(a.loop.unseen, unseen{r, *u})
			}
		}
		a.ports.Reserve(u.Unit, u.Port)
		a.log.Info("adopted a running application", "app", u.App, "unit", u.Unit, "instance", u.Instance,
			"revision", u.Revision, "pid", u.MainPID, "state", u.ActiveState)
	}
	a.adoptOrphans()
	a.releasePorts()
	return nil
}

// adoptOrphans rebuilds from what runs what the lost state knew, and what a file of apps.d
// that cannot be read would say. Deployed and debug applications are put next; of what is
// not, the registry is lost.
func (a *Agent) adoptOrphans() {
	known := map[string]bool{}
	for _, in := range a.desired.static {
		known[in.ID] = true
	}
	for u := range a.observed.loaded() {
		if known[u.Instance] || !a.mayBeLost(u.Kind) || units.IsOnce(u.Unit) {
			continue
		}
		known[u.Instance] = true
		a.desired.orphans = append(a.desired.orphans, resolved{adopted: true, Instance: plan.Instance{
			ID: u.Instance, Kind: u.Kind, HostName: u.Host, AppID: u.App, Release: u.Release,
			InstalledBy: audience.Installer(u.InstalledBy),
		}})
		if u.Kind == plan.KindStatic || u.Kind == plan.KindDynamic { // else who has not put it says so
			a.log.Warn("state or file is lost: adopted from systemd as it runs", "app", u.App, "instance", u.Instance, "unit", u.Unit)
		}
	}
}

func (a *Agent) mayBeLost(kind string) bool {
	switch kind {
	case plan.KindStatic:
		return a.desired.partial[kind]
	case plan.KindDynamic:
		return a.loop.fresh
	}
	return true
}

// routesKnown makes sure, once, that the first table keeps what the proxy routes already.
// A proxy that does not answer keeps serving from its own table meanwhile.
func (a *Agent) routesKnown(now time.Time) bool {
	if a.observed.routes {
		return true
	}
	status, ok := a.router.firstStatus()
	switch {
	case ok:
		a.keepRoutes(status)
	case now.Sub(a.started) < routesLimit:
		return false
	default:
		a.log.Warn("the proxy does not answer; routes stay with what was healthy last")
		a.guessTargets()
	}
	a.observed.routes = true
	return true
}

// keepRoutes keeps what the proxy routes to units that still run.
func (a *Agent) keepRoutes(status *proxyctl.Status) {
	for _, r := range status.Routes {
		targets := r.Targets
		if len(targets) == 0 {
			targets = []string{r.Target}
		}
		i := a.observed.instance(r.Instance)
		for _, name := range targets {
			if u := a.observed.unit(name); u != nil && u.Instance == r.Instance {
				i.served = append(i.served, name)
			}
		}
		i.target = i.served
	}
}

// guessTargets uses what runs of the last good revision, else of the only one there is.
func (a *Agent) guessTargets() {
	for _, i := range a.observed.instances {
		var good *plan.Good
		if i.memory != nil {
			good = i.memory.Good
		}
		i.target = plan.OfOneRevision(i.units, good)
	}
}
