package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/ports"
	"github.com/nexushub/nexushub/proxyctl"
)

// routesLimit is how long the start waits for the proxy to tell what it routes.
const routesLimit = 3 * time.Second

// Names of the state files.
const (
	instancesFile = "instances"
	portsFile     = "ports"
	dynamicFile   = "dynamic"
	installedFile = "installed"
	haltedFile    = "halted"
)

// load reads the state files.
func (a *Agent) load() (ports.Saved, error) {
	var saved ports.Saved
	a.mu.Lock()
	defer a.mu.Unlock()
	known, err := a.state.Load(instancesFile, &a.have.memories)
	if err != nil {
		return saved, err
	}
	if _, err := a.state.Load(dynamicFile, &a.want.dynamic); err != nil {
		return saved, err
	}
	if _, err := a.state.Load(installedFile, &a.want.installed); err != nil {
		return saved, err
	}
	if _, err := a.state.Load(haltedFile, &a.life.halted); err != nil {
		return saved, err
	}
	if _, err := a.state.Load(portsFile, &saved); err != nil {
		return saved, err
	}
	a.life.fresh = !known
	for _, m := range a.have.memories {
		if m.ByHand != "" && m.ByHand != a.bootID { // like systemctl stop, it ends with the boot
			m.Stopped, m.ByHand = "", ""
		}
	}
	return saved, nil
}

// adopt enters what PID 1 runs. Without state, applications whose provider is not
// heard yet are taken over as they are.
func (a *Agent) adopt(ctx context.Context) error {
	list, err := a.units.List(ctx)
	if err != nil {
		return fmt.Errorf("systemd cannot be asked what runs: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.have.enterAll(list, 0)
	for _, u := range a.have.units {
		u.Adopted = true
		a.ports.Reserve(u.Unit, u.Port)
		a.log.Info("adopted "+u.App, "unit", u.Unit, "instance", u.Instance, "revision", u.Revision, "pid", u.MainPID, "state", u.ActiveState)
	}
	if a.life.fresh {
		a.takeOver()
	}
	a.leases()
	return nil
}

// takeOver rebuilds what the lost state knew from what runs.
func (a *Agent) takeOver() {
	known := map[string]bool{}
	for _, in := range a.want.static {
		known[in.ID] = true
	}
	for _, u := range a.have.units {
		if u.Kind == plan.KindStatic || known[u.Instance] {
			continue
		}
		known[u.Instance] = true
		a.want.orphans = append(a.want.orphans, resolved{adopted: true, Instance: plan.Instance{
			ID: u.Instance, Kind: u.Kind, HostName: u.Host, AppID: u.App, Release: u.Release,
			InstalledBy: audience.Installer(u.InstalledBy),
		}})
		a.log.Warn("state is lost: taken over from systemd as it runs", "app", u.App, "instance", u.Instance, "unit", u.Unit)
	}
}

// knowsRoutes makes sure, once, that the first table carries on what the proxy routes
// already. A proxy that is away serves on from its own table meanwhile.
func (a *Agent) knowsRoutes(now time.Time) bool {
	if a.have.routes {
		return true
	}
	status, ok := a.router.first()
	switch {
	case ok:
		a.carryOn(status)
	case now.Sub(a.started) < routesLimit:
		return false
	default:
		a.log.Warn("the proxy does not answer; routes carry on with what was healthy last")
		a.guessTargets()
	}
	a.have.routes = true
	return true
}

// carryOn takes over what the proxy routes to units that still run.
func (a *Agent) carryOn(status *proxyctl.Status) {
	for _, r := range status.Routes {
		if u := a.have.units[r.Target]; u != nil && u.Instance == r.Instance {
			a.have.targets[r.Instance], a.have.served[r.Instance] = u.Unit, u.Unit
		}
	}
}

// guessTargets uses the last good revision, else the only unit there is.
func (a *Agent) guessTargets() {
	for _, u := range a.have.units {
		m := a.have.memories[u.Instance]
		known := m != nil && m.Good != nil && m.Good.Revision == u.Revision
		if _, guessed := a.have.targets[u.Instance]; known || !guessed {
			a.have.targets[u.Instance] = u.Unit
		}
	}
}
