package agent

import (
	"time"

	"github.com/nexushub/nexushub/agent/release"
)

// relinkEvery is how soon a link in an operator's static_path that leads elsewhere now
// is followed. The proxy follows none.
const relinkEvery = 10 * time.Second

// relink looks where the folders of files lie now. What cannot be followed stays what it
// was: the next reload says why.
func (a *Agent) relink() {
	a.mu.Lock()
	list, version := a.want.resolved, a.want.resolvedVersion
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
		a.follow(moved, version)
	}
}

func (a *Agent) follow(moved map[int]string, version uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if version != a.want.resolvedVersion {
		return // resolved again meanwhile
	}
	for i, now := range moved {
		a.log.Info("static files lie elsewhere now", "instance", a.want.resolved[i].ID, "path", a.want.resolved[i].files, "folder", now)
		a.want.resolved[i].StaticPath = now
	}
	a.want.stale = true
	a.poke()
}
