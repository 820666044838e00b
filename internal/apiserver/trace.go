package apiserver

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// TraceHeader ties an answer to its lines in the journal, here and in the proxy.
const TraceHeader = "X-Trace-ID"

// TraceOf is the id of a request that came through [New].
func TraceOf(c echo.Context) string { return c.Response().Header().Get(TraceHeader) }

// traced gives each request an id and logs it: changes at info, the rest at debug.
func (o Options) traced(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(TraceHeader, o.traceID(c.Request()).String())
		started := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		o.logRequest(c, time.Since(started))
		return nil
	}
}

func (o Options) traceID(r *http.Request) uuid.UUID {
	if o.KeepTrace {
		if id, err := uuid.Parse(r.Header.Get(TraceHeader)); err == nil {
			return id
		}
	}
	return uuid.New()
}

func (o Options) logRequest(c echo.Context, took time.Duration) {
	r := c.Request()
	level := slog.LevelInfo
	if r.Method == http.MethodGet || r.Method == http.MethodHead || (o.Frequent != nil && o.Frequent(c)) {
		level = slog.LevelDebug
	}
	attrs := []any{"api", o.Name, "method", r.Method, "path", r.URL.Path, "status", c.Response().Status,
		"took", took, "trace_id", TraceOf(c)}
	if o.Caller != nil {
		attrs = append(attrs, o.Caller(r)...)
	}
	o.Log.Log(r.Context(), level, "API request", attrs...)
}
