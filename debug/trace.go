package debug

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// traceHeader ties an answer to its lines in the journal, here and in the proxy.
const traceHeader = "X-Trace-ID"

// traced takes the proxy's id over or gives a request one, and logs it: changes at
// info, the rest at debug.
func (s *Server) traced(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := uuid.Parse(c.Request().Header.Get(traceHeader))
		if err != nil {
			id = uuid.New()
		}
		c.Response().Header().Set(traceHeader, id.String())
		started := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		level := slog.LevelInfo
		if r := c.Request().Method; r == http.MethodGet || r == http.MethodHead || c.Path() == uploadPath {
			level = slog.LevelDebug
		}
		s.o.Log.Log(c.Request().Context(), level, "debug request", "method", c.Request().Method,
			"path", c.Request().URL.Path, "status", c.Response().Status, "took", time.Since(started),
			"by", string(callerOf(c.Request()).Installer), "trace_id", id)
		return nil
	}
}

func traceOf(c echo.Context) string { return c.Response().Header().Get(traceHeader) }
