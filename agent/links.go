package agent

import (
	"time"

	"github.com/nexushub/nexushub/agent/release"
)

// relinkEvery is how soon the agent notices that a link in an operator's static_path points
// elsewhere. The proxy follows no links.
const relinkEvery = 10 * time.Second

// followLinks resolves the links to static files again. One that cannot be followed keeps its
// last target: the next reload says why.
func (a *Agent) followLinks() {
	a.mu.Lock()
	list, version := a.desired.resolved, a.desired.resolvedVersion
	a.mu.Unlock()
	moved := map[int]string{}
	for i, r := range list {
		if r.files == "" {
			continue
		}
		if now, err := release.RealFolder(r.files); err == nil && now != r.StaticPath {
			moved[i] = now
		}
	}
	if len(moved) > 0 {
		a.applyMovedFolders(moved, version)
	}
}

func (a *Agent) applyMovedFolders(moved map[int]string, version uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if version != a.desired.resolvedVersion {
		return // resolved again meanwhile
	}
	for i, now := range moved {
		a.log.Info("static files have moved", "instance", a.desired.resolved[i].ID, "path", a.desired.resolved[i].files,
			"folder", now)
		a.desired.resolved[i].StaticPath = now
	}
	a.desired.stale = true
	a.requestReconcile()
}
