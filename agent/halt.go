package agent

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// haltSlack is what a stop may take beyond the application's own grace period.
const haltSlack = 10 * time.Second

// StopAll is the orderly shutdown: routes are removed and requests drained, then every
// application is stopped, all at the same time. Each has its own limit, and none keeps
// another from stopping. They stay down until one is started again, whatever happens to
// the agent or the host meanwhile.
func (a *Agent) StopAll(ctx context.Context) error {
	began := time.Now()
	a.log.Info("stopping all applications: routes first, then all units in parallel")
	limits := a.halt()
	a.saver.flush()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var late []string
	for id, limit := range limits {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			v, err := a.await(ctx, id, func(v api.App) (bool, error) { return v.State == api.StateStopped, nil })
			if err != nil {
				a.log.Error("application did not stop within its limit", "instance", id, "app", v.Name, "limit", limit,
					"error", err)
				mu.Lock()
				late = append(late, v.Name)
				mu.Unlock()
				return
			}
			a.log.Info("application stopped", "instance", id, "app", v.Name, "took", time.Since(began))
		})
	}
	wg.Wait()
	if len(late) > 0 {
		return fmt.Errorf("%d of %d applications did not stop within their limit (%v): %w", len(late), len(limits), late,
			api.Timeout)
	}
	a.log.Info("all applications stopped", "applications", len(limits), "took", time.Since(began))
	return nil
}

// halt makes everything stop and returns how long each instance may take.
func (a *Agent) halt() map[string]time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.setHalted(true)
	a.desired.stale, a.loop.requestedAt = true, time.Now()
	limits := map[string]time.Duration{}
	for _, d := range a.desired.apps {
		limits[d.ID] = unrouteLimit + a.exec.drain + d.Manifest.StopTimeout.Std() + haltSlack
	}
	a.requestReconcile()
	return limits
}

// setHalted says whether everything is to be down. The caller holds mu, and flushes.
func (a *Agent) setHalted(halted bool) {
	if a.loop.halted != halted {
		a.loop.halted = halted
		a.saver.save(haltedFile, halted)
	}
}

// resume wants an instance to run, whatever stopped or rejected it before.
func (a *Agent) resume(m *plan.Memory) {
	m.Stopped, m.ByHand, m.Left, m.Rejected = "", "", nil, nil
	a.setHalted(false)
}
