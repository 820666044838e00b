package control

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// traceHeader ties an answer to its line in the journal.
const traceHeader = "X-Trace-ID"

// traced gives each request an id and logs it: changes at info, the rest at debug.
func traced(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			id := uuid.NewString()
			c.Response().Header().Set(traceHeader, id)
			started := time.Now()
			if err := next(c); err != nil {
				c.Error(err)
			}
			logRequest(log, c, id, time.Since(started))
			return nil
		}
	}
}

func logRequest(log *slog.Logger, c echo.Context, id string, took time.Duration) {
	level := slog.LevelDebug
	if c.Request().Method != http.MethodGet {
		level = slog.LevelInfo
	}
	p, _ := c.Request().Context().Value(peerKey{}).(peer)
	log.Log(c.Request().Context(), level, "control request", "method", c.Request().Method, "path", c.Request().URL.Path,
		"status", c.Response().Status, "took", took, "uid", p.uid, "pid", p.pid, "trace_id", id)
}
