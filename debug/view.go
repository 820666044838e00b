package debug

import (
	"errors"
	"time"

	"github.com/nexushub/nexushub/api"
)

// appView is an application at one moment: what was promised and what the agent sees.
type appView struct {
	application
	seen bool // the agent knows it
	now  api.App
}

func (s *Server) view(a application) appView {
	app, err := s.o.Runtime.App(string(a.ID))
	if err != nil && !errors.Is(err, api.NotFound) {
		s.o.Log.Warn("state of an application could not be read", "instance", a.ID, "error", err)
	}
	return appView{application: a, seen: err == nil, now: app}
}

// status is the state in the words of openapi.json, which existing clients compare.
func (v appView) status() string {
	switch {
	case v.Release == "":
		return "pending"
	case !v.seen:
		return "installed"
	}
	switch v.now.State {
	case api.StateRunning, api.StateUnhealthy, api.StateFailed, api.StateStopped:
		return string(v.now.State)
	case api.StateBackingOff:
		return "failed"
	case api.StateStopping:
		return "stopped"
	case api.StateUnknown:
		return "installed"
	}
	return "starting"
}

// health is healthy, unhealthy or unknown.
func (v appView) health() string {
	if v.now.Health.Status == "" {
		return api.HealthUnknown
	}
	return v.now.Health.Status
}

// since is when its state began; nil while the agent does not know it.
func (v appView) since() *time.Time {
	if !v.seen || v.now.Since.IsZero() {
		return nil
	}
	return &v.now.Since
}
