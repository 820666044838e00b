package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/lastbackup"
	"github.com/nexushub/nexushub/internal/version"
)

// systemLimit bounds the questions to PID 1 and the proxy: that one of them is silent is
// what System is to tell.
const systemLimit = 3 * time.Second

// System describes the host and the agent itself.
func (a *Agent) System(ctx context.Context) (api.System, error) {
	ctx, cancel := context.WithTimeout(ctx, systemLimit)
	defer cancel()
	connected := a.units.Ping(ctx) == nil
	status, err := a.exec.proxy.Status(ctx)
	caps := a.units.Capabilities()
	s := api.System{
		Version: version.Version, Commit: version.Commit, StartedAt: a.started,
		Systemd: caps.VersionText, CgroupV2: caps.UnifiedCgroups, CannotEnforce: caps.Missing(),
		Connected: connected, ProxyConnected: err == nil, Generation: a.router.inForceNow(), CACert: status.CACert,
	}
	s.Warnings = certificateWarnings(status.Problems)
	for _, l := range status.Listeners {
		s.Listeners = append(s.Listeners, l.Name+" "+l.Address)
	}
	if err := disk(&s, a.stateDir); err != nil {
		s.Warnings = append(s.Warnings, "cannot measure the disk: "+err.Error())
	}
	s.Warnings = append(s.Warnings, backupWarnings(a.stateDir)...)
	a.mu.Lock()
	defer a.mu.Unlock()
	s.Domain = a.desired.config.Domain
	if !a.loop.first.IsZero() {
		s.FirstReconcile = &a.loop.first
	}
	s.LastReconcile = &a.loop.last
	s.States = a.observed.counts()
	if old := a.oldSandboxes(); len(old) > 0 {
		s.Warnings = append(s.Warnings, "still in the sandbox of an earlier version: "+strings.Join(old, ", "))
	}
	s.Providers = a.desired.providers()
	if !connected {
		s.Warnings = append(s.Warnings, "systemd does not answer on D-Bus; applications keep running, changes wait")
	}
	if !s.ProxyConnected {
		s.Warnings = append(s.Warnings, fmt.Sprintf("nexushub-proxy does not answer: %v", err))
	}
	return s, nil
}

// manyProblems is how many are shown; `nexushub cert` shows all.
const manyProblems = 5

func certificateWarnings(problems []string) (list []string) {
	for i, p := range problems {
		if i == manyProblems {
			return append(list, fmt.Sprintf("and %d more problems with certificates: nexushub cert", len(problems)-i))
		}
		list = append(list, "certificate "+p)
	}
	return list
}

// backupWarnings says what is wrong with the last backup by the clock.
func backupWarnings(stateDir string) []string {
	r, err := lastbackup.Read(stateDir)
	switch {
	case err != nil:
		return []string{err.Error()}
	case r == nil:
		return nil
	case r.Error != "":
		return []string{fmt.Sprintf("the backup of %s failed: %s (journalctl -u nexushub-backup)",
			r.EndedAt.Format(time.DateTime), r.Error)}
	case r.Incomplete:
		return []string{r.File + " lacks content of applications (journalctl -u nexushub-backup)"}
	}
	return nil
}

// States counts the applications by state.
func (a *Agent) States() map[api.State]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.observed.counts()
}

func (o *observedState) counts() map[api.State]int {
	n := map[api.State]int{}
	for _, i := range o.instances {
		if i.state.State != "" {
			n[i.state.State]++
		}
	}
	return n
}

// providers tells how the sources of instances are doing.
func (c *catalogue) providers() []api.Provider {
	list := []api.Provider{{Name: "static", Instances: len(c.static), State: "loaded", Error: unusable(c.config)}}
	list = append(list, c.admin)
	list[1].Name, list[1].Instances = "admin", len(c.dynamic)
	if list[1].State == "" {
		list[1].State = "disabled"
	}
	for _, kind := range []string{plan.KindDeployed, plan.KindDebug} {
		state := "loaded"
		if c.partial[kind] {
			state = "waiting for its first list"
		}
		list = append(list, api.Provider{Name: kind, Instances: len(c.of(kind)), State: state})
	}
	return list
}

// unusable says that the start went on without files of apps.d.
func unusable(c *config.Config) string {
	switch n := len(c.Unusable); n {
	case 0:
		return ""
	case 1:
		return c.Unusable[0].Error()
	default:
		return fmt.Sprintf("%s (and %d more faults: nexushub verify)", c.Unusable[0].Error(), n-1)
	}
}

// oldSandboxes names the applications that do. The caller holds mu.
func (a *Agent) oldSandboxes() (names []string) {
	for _, d := range a.desiredApps() {
		for _, u := range a.observed.known(d.ID).units {
			if u.OldSandbox() {
				names = append(names, d.Name)
				break
			}
		}
	}
	return names
}
