package output

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/shell"
)

// Status is `status APP`.
func (p *Printer) Status(a api.App) error {
	if done, err := p.json(a); done {
		return err
	}
	name := a.Name
	if a.DisplayName != "" && a.DisplayName != a.Name {
		name += " - " + a.DisplayName
	}
	fmt.Fprintln(p.Stdout, p.bold(name))
	rows := p.pairs()
	rows.row("state", p.withReason(p.state(a.State)+", "+p.ago(a.Since), a.Why))
	rows.row("building", p.building(a.Building))
	if a.NextTry != nil {
		rows.row("next try", fmt.Sprintf("%s, attempt %d", p.in(*a.NextTry), a.Attempt+1))
	}
	rows.row("last exit", indent(a.LastExit))
	for _, h := range a.Hints {
		rows.row("hint", h.Means)
		rows.row("write", h.Write)
	}
	if healthOf(a) != "-" {
		rows.row("health", p.healthDetail(a.Health))
	}
	rows.row("url", a.URL)
	for i, h := range a.Hosts {
		if i > 0 || h.Problem != "" || h.Uncertified != "" {
			rows.row("host", p.host(i, h))
		}
	}
	rows.row("route", a.Route)
	rows.row("access", access(a))
	rows.row("database", database(a))
	rows.row("recognised", a.Recognised)
	rows.row("settings", settings(a))
	for _, w := range a.Withheld {
		rows.row("withheld", p.yellow(w))
	}
	for _, u := range a.Unreadable {
		rows.row("unreadable", p.yellow(u))
	}
	rows.row("processes", processes(a))
	p.replicas(rows, a)
	if len(a.Processes) == 0 {
		rows.row("unit", unit(a))
	}
	if a.Restarts > 0 && (a.Unit == "" || len(a.Processes) > 0) {
		rows.row("restarts", fmt.Sprint(a.Restarts))
	}
	rows.row("usage", usage(a))
	rows.row("requests", requests(a))
	rows.row("sandbox", exposure(a))
	rows.row("release", shortHash(a.Release))
	rows.row("revision", shortHash(a.Revision))
	if a.ExpiresAt != nil {
		rows.row("expires", p.in(*a.ExpiresAt)+" if unused")
	}
	rows.row("overrides", strings.Join(a.DropIns, " "))
	rows.row("instance", a.ID+" ("+a.Kind+")")
	return rows.flush()
}

func (p *Printer) building(b *api.Building) string {
	if b == nil {
		return ""
	}
	how := ", began "
	if b.Waiting {
		how = ", waits until there are fewer builds, asked for "
	}
	return b.Command + how + p.ago(b.Since) + " by " + b.By
}

// System is `status --system`.
func (p *Printer) System(s api.System) error {
	if done, err := p.json(s); done {
		return err
	}
	rows := p.pairs()
	rows.row("nexushubd", s.Version+" ("+s.Commit+"), up "+twoUnits(p.Now().Sub(s.StartedAt)))
	rows.row("systemd",
		s.Systemd+", cgroup "+map[bool]string{true: "v2", false: "v1"}[s.CgroupV2]+", "+connected(s.Connected))
	rows.row("proxy", connected(s.ProxyConnected)+fmt.Sprintf(", route table %d", s.Generation))
	rows.row("listening", strings.Join(s.Listeners, " "))
	rows.row("domain", s.Domain)
	rows.row("applications", states(s.States))
	for _, r := range s.Providers {
		rows.row("provider "+r.Name, provider(r))
	}
	rows.row("disk", size(s.DiskUsed)+" used by releases and uploads, "+size(s.DiskFree)+" free")
	rows.row("ca to trust", s.CACert)
	for _, w := range s.CannotEnforce {
		rows.row("not enforced", p.yellow(w))
	}
	for _, w := range s.Warnings {
		rows.row("warning", p.yellow(w))
	}
	return rows.flush()
}

func (p *Printer) healthDetail(h api.Health) string {
	parts := []string{health(h)}
	if by := checkOf(h); by != "" {
		parts = append(parts, by)
	}
	if h.LastStatusCode != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d in %s", h.LastStatusCode, h.Latency.Round(100*time.Microsecond)))
	}
	if h.CheckedAt != nil {
		parts = append(parts, p.ago(*h.CheckedAt))
	}
	if h.Error != "" {
		parts = append(parts, h.Error)
	}
	return strings.Join(parts, ", ")
}

// checkOf is how the health is found out, where the agent asks.
func checkOf(h api.Health) string {
	switch {
	case h.Found:
		return "GET " + h.Path + " (found)"
	case h.Type == "http" && h.Path != "":
		return "GET " + h.Path
	case h.Type == "tcp":
		return "TCP"
	}
	return ""
}

func database(a api.App) string {
	if a.Database == "" {
		return ""
	}
	return a.Database + " (PostgreSQL)"
}

// access says of an application that has areas and never said otherwise nothing new.
func access(a api.App) string {
	by := ""
	if a.AccessFrom != "" {
		by = " (" + a.AccessFrom + ")"
	}
	switch {
	case a.Access == manifest.AccessOpen:
		return "open: everybody may send requests to every path" + by
	case a.Access == manifest.AccessPrivate:
		return "private: " + whoIsLetIn(a) + by
	case a.Access == "" || a.AccessFrom == "" || a.AccessFrom == "default":
		return ""
	}
	return a.Access + by
}

func whoIsLetIn(a api.App) string {
	text := "any person who has signed in"
	if len(a.Roles) > 0 {
		text = "who has signed in and is " + strings.Join(a.Roles, " or ")
	}
	if a.Bypassable {
		text += "; bypassable by local applications"
	}
	return text
}

// settings names what was set; their values have commands of their own.
func settings(a api.App) string {
	if len(a.Settings) == 0 {
		return ""
	}
	text := strings.Join(a.Settings, ", ") + "; values: " + shell.Command("nexushub config list", a.Name) + ", " +
		shell.Command("nexushub limits", a.Name)
	if slices.ContainsFunc(a.Settings, func(s string) bool { return strings.HasPrefix(s, "scale ") }) {
		text += ", " + shell.Command("nexushub scale", a.Name)
	}
	return text
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
	return s + ", " + count(a.Restarts, "restart")
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
		parts = append(parts, "from an earlier version")
	}
	return strings.Join(parts, ", ")
}

func provider(p api.Provider) string {
	s := p.State + ", " + count(p.Instances, "instance")
	if p.Error != "" {
		s += ": " + p.Error
	}
	return s
}

func states(m map[api.State]int) string {
	var parts []string
	for _, s := range []api.State{
		api.StateRunning, api.StateStarting, api.StateUnhealthy, api.StateBackingOff, api.StateFailed,
		api.StateStopping, api.StateStopped, api.StatePending, api.StateBuilding, api.StateUnknown,
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
