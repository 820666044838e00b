package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
)

// Claims are the hosts of all applications, also of those that are still stopping: whose name is
// whose, for everybody who wants another one.
func (a *Agent) Claims() (list []hostname.Claim) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	current := a.observed.current(a.desired.partial, now)
	apps := append(current.AppStates(a.desiredApps(), now), current.Unlisted(a.desiredApps(), now)...)
	for i := range apps {
		for _, c := range apps[i].Claims(a.desired.place.Domain) {
			c.Who = "application " + apps[i].Name
			list = append(list, c)
		}
	}
	return list
}

// uncertified is why no authority is asked for a name, and what to do.
const uncertified = "no authority is asked for its certificate, because tokens have too many new names this week: " +
	"wait, raise names or names_each of [policy.acme], or put a certificate into /etc/nexushub/certs"

// hosts shows the hosts of an application. The caller holds mu.
func (a *Agent) hosts(s *plan.AppState) (list []api.AppHost) {
	for _, h := range s.AllHosts() {
		v := api.AppHost{Host: h.String(), Strip: h.Strip, Redirect: h.Redirect, Problem: s.Taken[h.String()]}
		if v.Problem == "" && h.Prefix != "" && !h.Redirect && a.access(s) != manifest.AccessOpen {
			v.Problem = `only an application with access = "open" can be served below a path`
		}
		if slices.Contains(a.desired.uncertified, h.Name) && v.Problem == "" {
			v.Uncertified = uncertified
		}
		list = append(list, v)
	}
	return list
}

// routedTimeout bounds the wait for the proxy, which may be away.
const routedTimeout = 20 * time.Second

// Routed returns when what was put before is in force at the proxy.
func (a *Agent) Routed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, routedTimeout)
	defer cancel()
	err := a.wait(ctx, func() (bool, error) { return !a.unsettled(), nil })
	if err == nil {
		err = a.router.wait(ctx, a.router.newest())
	}
	if err != nil {
		return fmt.Errorf("it will be in force when it can: %w: %w", err, api.Timeout)
	}
	return nil
}
