package control

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/proxyctl"
)

func (h *handlers) apps(c echo.Context) error {
	traffic := h.fresh(c.Request().Context())
	apps := granted(c, h.Applications.Apps(), caller.Granted)
	for i := range apps {
		traffic.fill(&apps[i])
	}
	return list(c, apps, nil)
}

// grantedNames says for each instance by which name it is granted.
func (h *handlers) grantedNames() map[string]string {
	names := map[string]string{}
	for _, app := range h.Applications.Apps() {
		names[app.ID] = caller.Granted(app)
	}
	return names
}

func (h *handlers) app(c echo.Context) error {
	traffic := h.fresh(c.Request().Context())
	app, err := h.Applications.App(param(c, "app"))
	traffic.fill(&app)
	if err == nil {
		app.Unreadable = h.unreadable(c.Request().Context(), app.ID)
	}
	return answer(c, app, err)
}

// unreadable asks the proxy alone: only it knows what its user and its sandbox let it read.
func (h *handlers) unreadable(ctx context.Context, instance string) []string {
	ctx, cancel := context.WithTimeout(ctx, freshLimit)
	defer cancel()
	list, err := h.Proxy.Unreadable(ctx, instance)
	if err != nil {
		h.Log.Debug("unreadable files could not be had from the proxy", "error", err)
	}
	return list
}

// freshLimit is how long an answer waits for its figures.
const freshLimit = 3 * time.Second

// fresh brings memory, CPU and requests up to date. What cannot be had is left out:
// the state of the applications is worth an answer without it.
func (h *handlers) fresh(ctx context.Context) traffic {
	ctx, cancel := context.WithTimeout(ctx, freshLimit)
	defer cancel()
	if err := h.Applications.Refresh(ctx); err != nil {
		h.Log.Debug("resource usage could not be refreshed", "error", err)
	}
	status, err := h.Proxy.Status(ctx)
	if err != nil {
		h.Log.Debug("request counts could not be read from the proxy", "error", err)
	}
	return trafficOf(status)
}

// traffic is what the proxy counts for each instance, and where it leads requests.
type traffic struct {
	counted map[string]proxyctl.InstanceStatus
	routes  map[string]string
	targets map[string]proxyctl.TargetStatus // by unit
}

func trafficOf(s proxyctl.Status) traffic {
	t := traffic{map[string]proxyctl.InstanceStatus{}, map[string]string{}, map[string]proxyctl.TargetStatus{}}
	for _, i := range s.Instances {
		t.counted[i.Instance] = i
	}
	for _, r := range s.Routes {
		t.routes[r.Instance] = r.State
	}
	for _, target := range s.Targets {
		t.targets[target.ID] = target
	}
	return t
}

func (t traffic) fill(app *api.App) {
	counted := t.counted[app.ID]
	app.Requests, app.InFlight, app.Route = counted.Requests, int(counted.InFlight), t.routes[app.ID]
	for _, p := range app.Processes {
		for i := range p.Replicas {
			target := t.targets[p.Replicas[i].Unit]
			p.Replicas[i].Requests, p.Replicas[i].InFlight = target.Requests, int(target.InFlight)
		}
	}
}
