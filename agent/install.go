package agent

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// StateFolders are where systemd keeps one folder of state for each instance: the
// folder itself, because of DynamicUser= in a place of its own, and the link to it
// (systemd.exec(5), StateDirectory=).
func StateFolders() []string {
	return []string{filepath.Join("/var/lib/private", plan.StateRoot), filepath.Join("/var/lib", plan.StateRoot)}
}

// launchTimeout bounds the wait for the resolver, which has a folder to look at.
const launchTimeout = time.Minute

// Launch runs the application that was put, whatever stopped or rejected it before;
// with again it replaces what runs by an equal revision. It returns when that serves
// or was given up; the error wraps api.Failed then. Without ctx the application is
// launched all the same.
func (p DebugProvider) Launch(ctx context.Context, id string, again bool) (api.App, error) {
	a := p.agent
	resolving, cancel := context.WithTimeout(context.WithoutCancel(ctx), launchTimeout)
	defer cancel()
	if err := a.until(resolving, func() bool { return a.want.version == a.want.resolvedVersion }); err != nil {
		return api.App{}, err
	}
	if again {
		return a.RestartApp(ctx, id)
	}
	return a.StartApp(ctx, id)
}

// Uninstall removes the debug application with this id and returns when nothing of it
// runs any more.
func (p DebugProvider) Uninstall(ctx context.Context, id string) error {
	p.Remove(id)
	return p.agent.until(ctx, func() bool {
		if _, err := p.agent.find(id); !errors.Is(err, api.NotFound) || p.agent.unsettled() {
			return false
		}
		if _, busy := p.agent.have.busy[id]; busy { // a start in hand has no unit yet
			return false
		}
		for _, u := range p.agent.have.units {
			if u.Instance == id {
				return false
			}
		}
		return true
	})
}

// until waits for a look of the reconciler after which ok holds; ok is called with mu.
func (a *Agent) until(ctx context.Context, ok func() bool) error {
	for {
		a.mu.Lock()
		done, changed := ok(), a.life.changed
		a.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("agent has not got to it: %w: %w", context.Cause(ctx), api.Timeout)
		}
	}
}
