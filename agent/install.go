package agent

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/units"
)

// StateFolders are where systemd keeps one folder of state for each instance: the
// folder itself, because of DynamicUser= in a place of its own, and the link to it
// (systemd.exec(5), StateDirectory=).
func StateFolders() (folders []string) {
	for _, root := range []string{plan.StateRoot, units.GitState} {
		folders = append(folders, filepath.Join("/var/lib/private", root), filepath.Join("/var/lib", root))
	}
	return folders
}

// launchTimeout bounds the wait for the resolver, which only has to read a folder.
const launchTimeout = time.Minute

// Launch runs the application that was put, whatever stopped or rejected it before;
// with again it replaces what runs by an equal revision. It returns when that serves
// or was given up; the error wraps api.Failed then. When ctx ends, the application is
// launched all the same.
func (p Provider) Launch(ctx context.Context, id string, again bool) (api.App, error) {
	p.unpinLaunched(id)
	resolving, cancel := context.WithTimeout(context.WithoutCancel(ctx), launchTimeout)
	defer cancel()
	current := func() (bool, error) { return p.desired.version == p.desired.resolvedVersion, nil }
	if err := p.wait(resolving, current); err != nil {
		return api.App{}, err
	}
	if again {
		return p.RestartApp(ctx, id)
	}
	return p.StartApp(ctx, id)
}

// unpinLaunched lets an application run what was installed just now, also if that is the very
// release that an operator went back from.
func (p Provider) unpinLaunched(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.observed.known(id).memory; m != nil && m.Pin != nil {
		m.Pin = nil
		p.loop.unsaved = true
		p.desired.version++
		p.requestResolve()
	}
}

// removeTimeout bounds the wait for the end of a removed application: draining and its
// grace period. The agent keeps stopping it after that.
const removeTimeout = time.Minute

// Remove wants the application of this kind with this id to be gone, and returns when nothing of
// it runs any more. No other application can be removed here.
func (p Provider) Remove(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	p.edit(func(all map[string]plan.Instance) {
		if all[id].Kind == p.kind {
			delete(all, id)
		}
		w := &p.desired
		w.orphans = slices.DeleteFunc(w.orphans, func(o resolved) bool { return o.ID == id && o.Kind == p.kind })
	})
	return p.wait(ctx, func() (bool, error) { return p.removed(id), nil })
}

// removed says whether nothing of an instance is left. The caller holds mu.
func (a *Agent) removed(id string) bool {
	if _, err := a.find(id); !errors.Is(err, api.NotFound) || a.unsettled() {
		return false
	}
	i := a.observed.known(id)
	return len(i.tasks) == 0 && len(i.units) == 0 // a start in hand has no unit yet
}
