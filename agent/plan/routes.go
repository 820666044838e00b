package plan

import (
	"path/filepath"
	"strconv"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/units"
)

// Routes is the table's list of routes: one for each instance, also for those that do
// not run, because the proxy answers for an unknown host otherwise than for a known
// one that is down. targets are the units that the table is to name.
func Routes(apps []AppState, targets func(instance string) []string) []proxyctl.Route {
	list := make([]proxyctl.Route, len(apps))
	for i := range apps {
		s := apps[i]
		s.Served = targets(s.ID)
		list[i] = s.route()
	}
	return list
}

func (s *AppState) route() proxyctl.Route {
	rel, m := s.serving()
	r := proxyctl.Route{
		Instance: s.ID, Name: s.Name, Kind: s.Kind,
		State: s.routeState(), StaticDir: s.staticDir(rel), SPAFallback: m.Static.SPAFallback,
		HideDots:      m.Static.Folder != "",
		StaticService: s.StaticService, PublicService: s.PublicService, ProxyAll: m.ProxyAll,
		Access: s.Access(), Roles: s.Roles(),
		Sticky: m.Sticky, IdleSec: m.IdleTimeout.Seconds(), ACME: s.ACME,
	}
	s.setHosts(&r)
	r.ErrorDir = inside(rel.Dir, "errors", rel.ErrorDir)
	if s.DebugPort != 0 {
		r.DevServer = loopback(s.DebugPort)
	}
	var targets []proxyctl.Target
	if !s.ServedByFiles() {
		for _, u := range s.ServedUnits() {
			targets = append(targets, *Target(u))
		}
	}
	r.LeadTo(targets...)
	return r
}

// Files says whether something besides the instance answers requests: files, or a server that
// stands in for them.
func (s *AppState) Files() bool {
	rel, _ := s.serving()
	return !s.Runs() || s.ServedByFiles() || s.staticDir(rel) != "" || s.StaticService != "" || s.DebugPort != 0
}

// routeState says whether requests are let through, held or refused.
func (s *AppState) routeState() string {
	u := s.ServedUnit()
	switch {
	case s.Stopped != "":
		return proxyctl.StateDown
	case u != nil && u.Running(), s.ServedByFiles():
		return proxyctl.StateReady
	case !s.Runs() && !s.Adopted:
		return s.fileState()
	case s.Problem != "" || s.waits():
		return proxyctl.StateDown
	}
	return proxyctl.StateStarting
}

// waits says whether nothing that could answer is there, and nothing of it is tried at once.
func (s *AppState) waits() bool {
	some := false
	for i := range s.States {
		r := &s.States[i]
		if r.IsWeb() && (r.Seen != nil || !r.Trouble.Waiting(s.Now)) {
			return false
		}
		some = some || r.IsWeb()
	}
	return some
}

// fileState is for an instance without a process.
func (s *AppState) fileState() string {
	if s.Empty() || s.Problem != "" {
		return proxyctl.StateDown
	}
	return proxyctl.StateReady
}

// serving is what belongs to the unit that answers, or to the files that do: those of a new release
// wait until its process is healthy.
func (s *AppState) serving() (*fact.Release, *manifest.Manifest) {
	u := s.ServedUnit()
	if s.ServedByFiles() ||
		u != nil && s.Good != nil && u.Revision == s.Good.Revision && (s.Fallback || !s.isWanted(u)) {
		return &s.Good.Release, &s.Good.Manifest
	}
	return &s.Release, &s.Manifest
}

// Roles are those of which one is needed for Access private.
func (s *AppState) Roles() []string {
	if _, m := s.serving(); s.Access() == manifest.AccessPrivate {
		return m.Roles
	}
	return nil
}

// Access is who may send requests to what answers now. What nobody knows any more is not open: it
// may rely on the proxy for its areas, or for all.
func (s *AppState) Access() string {
	_, m := s.serving()
	if u := s.ServedUnit(); u != nil && !s.isWanted(u) && m == &s.Manifest && !m.IsPrivate() {
		return manifest.AccessAreas
	}
	return m.Access
}

func (s *AppState) staticDir(r *fact.Release) string {
	switch {
	case s.Stopped != "":
		return "" // what an operator stopped serves no files either
	case s.StaticPath != "":
		return s.StaticPath
	case r.Static:
		return inside(r.Dir, manifest.StaticFolder, r.StaticDir)
	}
	return ""
}

// inside is a folder of a release: where it really lies, if that is known.
func inside(dir, name, really string) string {
	if really != "" || dir == "" {
		return really
	}
	return filepath.Join(dir, name)
}

// Target is where a unit listens.
func Target(u *Unit) *proxyctl.Target {
	if u.Network == units.NetworkSocket {
		return &proxyctl.Target{ID: u.Unit, Network: "unix", Address: units.SocketPath(u.Unit)}
	}
	return &proxyctl.Target{ID: u.Unit, Network: "tcp", Address: loopback(u.Port)}
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
