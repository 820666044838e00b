package debug

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
)

func (s *Server) status(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	s.active(a.ID, time.Now())
	if err := s.o.Runtime.Refresh(c.Request().Context()); err != nil {
		s.o.Log.Debug("resource usage could not be refreshed", "error", err) // the state is worth an answer without
	}
	return s.answerStatus(c, a.ID)
}

func (s *Server) answerStatus(c echo.Context, id ID) error {
	a, err := s.apps.get(id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s.statusOf(s.view(a)))
}

func (s *Server) statusOf(v appView) api.DebugStatus {
	m := api.DebugMetadata{
		AppID: v.AppID, DisplayName: v.DisplayName, HostName: v.HostName, StaticServiceURL: v.StaticServiceURL,
		Unit: v.now.Unit, Release: v.Release, Restarts: v.now.Restarts, ExpiresAt: s.expiry(v.application), Since: v.since(),
		Memory: v.now.Memory, CPUNSec: v.now.CPUNSec, Exposure: v.now.Exposure, Access: v.now.Access,
	}
	if v.seen {
		detail := api.DebugHealth(v.now.Health)
		detail.Status = v.health()
		m.HealthDetail = &detail
	}
	if v.now.Release != "" {
		m.Release = v.now.Release
	}
	return api.DebugStatus{
		ApplicationID: string(v.ID), Status: v.status(), ProcessID: v.now.PID, Port: v.now.Port,
		HealthCheck: v.health(), Error: v.now.Error, Hints: v.now.Hints, LastUpdated: time.Now().UTC(), Metadata: m,
	}
}

// stop ends the process and answers when it is gone. Install starts it again.
func (s *Server) stop(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	if a.Release != "" {
		if _, err := s.o.Runtime.StopApp(c.Request().Context(), string(a.ID)); err != nil {
			return err
		}
	}
	return s.answerStatus(c, a.ID)
}
