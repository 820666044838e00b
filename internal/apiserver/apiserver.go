// Package apiserver is what the HTTP APIs on unix sockets have in common: who calls, as
// the kernel says ([PeerOf]); an id for each request, in its answer and in its log line;
// problem documents for errors; and one way to serve and to stop ([Serve]).
package apiserver

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/nexushub/nexushub/internal/problem"
)

// Options are in what one API differs from another. Name, Log and Problem must be set.
type Options struct {
	Name string // in log lines
	Log  *slog.Logger
	// Problem is the answer to an error that is not a problem document itself.
	Problem func(err error, trace string) problem.Problem
	// KeepTrace keeps the trace id of a request that the proxy has given one.
	KeepTrace bool
	// Frequent names requests that are logged at debug although they change something.
	Frequent func(echo.Context) bool
	// Caller gives log attributes that say who asks.
	Caller func(*http.Request) []any
}

// New is a router without routes: it gives each request a trace id, logs it, answers
// errors with problem documents and survives a panic of a handler.
func New(o Options) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = o.answerError
	e.Use(o.traced, middleware.RecoverWithConfig(middleware.RecoverConfig{
		LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
			o.Log.Error("panic in a request", "api", o.Name, "error", err, "stack", string(stack),
				"trace_id", TraceOf(c))
			if c.Response().Committed { // cut it, or what has gone out looks whole
				panic(http.ErrAbortHandler)
			}
			return err
		},
	}))
	return e
}

// IsWrongMethod says that there is a route of that path, but with other methods alone.
func IsWrongMethod(c echo.Context) bool { return c.Get(echo.ContextKeyHeaderAllow) != nil }

func (o Options) problemOf(err error, trace string) problem.Problem {
	var own *problem.Problem
	if !errors.As(err, &own) {
		p := o.Problem(err, trace)
		own = &p
	}
	p := *own
	p.Instance = "urn:uuid:" + trace
	return p
}

// answerError answers an error as a problem document; what is internal goes to the journal.
// An answer that has begun stays as it is.
func (o Options) answerError(err error, c echo.Context) {
	trace := TraceOf(c)
	p := o.problemOf(err, trace)
	if p.Status >= http.StatusInternalServerError {
		o.Log.Error("API request failed", "api", o.Name, "error", err, "path", c.Request().URL.Path, "trace_id", trace)
	}
	if c.Response().Committed {
		return
	}
	if p.Status == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", `Bearer realm="nexushub"`)
	}
	if err := problem.Write(c.Response(), p); err != nil {
		o.Log.Debug("answer not delivered", "api", o.Name, "error", err, "trace_id", trace)
	}
}
