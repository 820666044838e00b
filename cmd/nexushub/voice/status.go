package voice

import (
	"fmt"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
)

// Status is `status APP`.
func (v *Voice) Status(a api.App) error {
	if done, err := v.json(a); done {
		return err
	}
	name := a.Name
	if a.DisplayName != "" && a.DisplayName != a.Name {
		name += " - " + a.DisplayName
	}
	fmt.Fprintln(v.Out, v.bold(name))
	p := v.pairs()
	p.row("state", v.reason(v.state(a.State)+", "+v.ago(a.Since), a.Why))
	if a.NextTry != nil {
		p.row("next try", fmt.Sprintf("%s, attempt %d", v.in(*a.NextTry), a.Attempt+1))
	}
	p.row("last exit", indent(a.LastExit))
	p.row("health", v.healthDetail(a.Health))
	p.row("url", a.URL)
	p.row("route", a.Route)
	p.row("unit", unit(a))
	p.row("usage", usage(a))
	p.row("requests", requests(a))
	p.row("sandbox", exposure(a))
	p.row("release", short(a.Release))
	p.row("revision", short(a.Revision))
	if a.ExpiresAt != nil {
		p.row("expires", v.in(*a.ExpiresAt)+", if nothing uses it")
	}
	p.row("overrides", strings.Join(a.DropIns, " "))
	p.row("instance", a.ID+" ("+a.Kind+")")
	return p.flush()
}

// System is `status --system`.
func (v *Voice) System(s api.System) error {
	if done, err := v.json(s); done {
		return err
	}
	p := v.pairs()
	p.row("nexushubd", s.Version+" ("+s.Commit+"), up "+span(v.Now().Sub(s.StartedAt)))
	p.row("systemd", s.Systemd+", cgroup "+map[bool]string{true: "v2", false: "v1"}[s.CgroupV2]+", "+connected(s.Connected))
	p.row("proxy", connected(s.ProxyConnected)+fmt.Sprintf(", route table %d", s.Generation))
	p.row("listening", strings.Join(s.Listeners, " "))
	p.row("domain", s.Domain)
	p.row("applications", states(s.States))
	for _, r := range s.Providers {
		p.row("provider "+r.Name, provider(r))
	}
	p.row("disk", size(s.DiskUsed)+" used by releases and uploads, "+size(s.DiskFree)+" free")
	p.row("ca to trust", s.CACert)
	for _, w := range s.CannotEnforce {
		p.row("not enforced", v.yellow(w))
	}
	for _, w := range s.Warnings {
		p.row("warning", v.yellow(w))
	}
	return p.flush()
}

func (v *Voice) healthDetail(h api.Health) string {
	parts := []string{health(h)}
	if h.LastStatusCode != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d in %s", h.LastStatusCode, h.Latency.Round(100*time.Microsecond)))
	}
	if h.CheckedAt != nil {
		parts = append(parts, v.ago(*h.CheckedAt))
	}
	if h.Error != "" {
		parts = append(parts, h.Error)
	}
	return strings.Join(parts, ", ")
}

func unit(a api.App) string {
	if a.Unit == "" {
		return ""
	}
	s := a.Unit
	if a.PID != 0 {
		s += fmt.Sprintf(", pid %d", a.PID)
	}
	if a.Port != 0 {
		s += fmt.Sprintf(", port %d", a.Port)
	}
	return s + fmt.Sprintf(", %d restarts", a.Restarts)
}

func usage(a api.App) string {
	if a.PID == 0 {
		return ""
	}
	cpu := time.Duration(a.CPUNSec).Round(10 * time.Millisecond)
	return fmt.Sprintf("memory %s, cpu %s, %d tasks", size(a.Memory), cpu, a.Tasks)
}

func requests(a api.App) string {
	if a.Requests == 0 && a.InFlight == 0 {
		return ""
	}
	return fmt.Sprintf("%d, %d in flight", a.Requests, a.InFlight)
}

func exposure(a api.App) string {
	var parts []string
	if a.Exposure != nil {
		parts = append(parts, fmt.Sprintf("exposure %.1f of 10", *a.Exposure))
	}
	if a.OldSandbox {
		parts = append(parts, "of an earlier version")
	}
	return strings.Join(parts, ", ")
}

func provider(p api.Provider) string {
	s := fmt.Sprintf("%s, %d instances", p.State, p.Instances)
	if p.Error != "" {
		s += ": " + p.Error
	}
	return s
}

func states(m map[api.State]int) string {
	var parts []string
	for _, s := range []api.State{
		api.StateRunning, api.StateStarting, api.StateUnhealthy, api.StateBackingOff, api.StateFailed,
		api.StateStopping, api.StateStopped, api.StatePending, api.StateUnknown,
	} {
		if m[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", m[s], s))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func connected(ok bool) string {
	if ok {
		return "connected"
	}
	return "not connected"
}
