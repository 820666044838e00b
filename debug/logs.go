package debug

import (
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/journal"
)

// logs streams the log in every state of the application. An open stream keeps it
// from expiring.
func (s *Server) logs(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	query, format, err := journal.ParseRequest(c.Request(), string(a.ID))
	if err != nil {
		return err
	}
	if callerOf(c.Request()).Role == api.Deployer && query.Instance != journal.BuildsOf(string(a.ID)) {
		return fmt.Errorf("the role %s reads the log of builds alone: %w", api.Deployer, api.Forbidden)
	}
	s.streams.open(a.ID)
	defer func() {
		s.streams.close(a.ID)
		s.active(a.ID, time.Now())
	}()
	s.active(a.ID, time.Now())
	return s.o.Logs.Serve(c.Response(), c.Request(), query, format)
}
