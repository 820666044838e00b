package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/nexushub/nexushub/api"
)

// Install wants in to run now: it lifts a stop or a rejection of the time before, and
// replaces what runs even when nothing differs. It returns when that serves or was
// given up; the error wraps api.Failed then.
func (p DebugProvider) Install(ctx context.Context, in Instance) (api.App, error) {
	a := p.agent
	a.mu.Lock()
	again := in.Release != "" && a.want.debug[in.ID].Release == in.Release
	a.mu.Unlock()
	p.Put(in)
	if err := a.until(ctx, func() bool { return a.want.version == a.want.resolvedVersion }); err != nil {
		return api.App{}, err
	}
	if again {
		return a.RestartApp(ctx, in.ID)
	}
	return a.StartApp(ctx, in.ID)
}

// Uninstall removes the debug application with this id and returns when nothing of it
// runs any more.
func (p DebugProvider) Uninstall(ctx context.Context, id string) error {
	p.Remove(id)
	return p.agent.until(ctx, func() bool {
		if _, err := p.agent.find(id); !errors.Is(err, api.NotFound) || p.agent.unsettled() {
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
