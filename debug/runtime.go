package debug

import (
	"context"
	"time"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/proxyctl"
)

// removeTimeout bounds the wait for the end of a deleted application: draining and
// its grace period. The agent goes on after it.
const removeTimeout = time.Minute

// AgentRuntime is the agent as a Runtime.
type AgentRuntime struct{ Agent *agent.Agent }

// Put see agent.DebugProvider.
func (r AgentRuntime) Put(in plan.Instance) { r.Agent.Debug().Put(in) }

// Orphans see agent.DebugProvider.
func (r AgentRuntime) Orphans() []plan.Instance { return r.Agent.Debug().Orphans() }

// Restored see agent.DebugProvider.
func (r AgentRuntime) Restored() { r.Agent.Debug().Restored() }

// Admit see agent.DebugProvider.
func (r AgentRuntime) Admit(n agent.Admission) error { return r.Agent.Debug().Admit(n) }

// Ceiling see agent.DebugProvider.
func (r AgentRuntime) Ceiling() manifest.Ceiling { return r.Agent.Debug().Ceiling() }

// Inherit see agent.DebugProvider.
func (r AgentRuntime) Inherit(from, to string) error { return r.Agent.Debug().Inherit(from, to) }

// Disinherit see agent.DebugProvider.
func (r AgentRuntime) Disinherit(id string) error { return r.Agent.Debug().Disinherit(id) }

// Launch see agent.DebugProvider.
func (r AgentRuntime) Launch(ctx context.Context, id string, again bool) (api.App, error) {
	return r.Agent.Debug().Launch(ctx, id, again)
}

// Remove ends the instance and waits until it has.
func (r AgentRuntime) Remove(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	return r.Agent.Debug().Uninstall(ctx, id)
}

// Stop ends the process until it is installed or started again.
func (r AgentRuntime) Stop(ctx context.Context, id string) error {
	_, err := r.Agent.StopApp(ctx, id)
	return err
}

// Apps are the applications of all kinds.
func (r AgentRuntime) Apps() []api.App { return r.Agent.Apps() }

// App is one of them.
func (r AgentRuntime) App(id string) (api.App, error) { return r.Agent.App(id) }

// Refresh reads the figures of all applications, see agent.Agent.Refresh.
func (r AgentRuntime) Refresh(ctx context.Context) error { return r.Agent.Refresh(ctx) }

// ProxyActivity is the proxy's memory of requests.
type ProxyActivity struct{ Proxy *proxyctl.Client }

// LastRequests counts a request in flight as one of now.
func (p ProxyActivity) LastRequests(ctx context.Context) (map[string]time.Time, error) {
	st, err := p.Proxy.Status(ctx)
	if err != nil {
		return nil, err
	}
	last := map[string]time.Time{}
	for _, i := range st.Instances {
		last[i.Instance] = i.LastRequest
		if i.InFlight > 0 {
			last[i.Instance] = time.Now()
		}
	}
	return last, nil
}
