package control

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/journal"
)

// handleError answers an error as a problem document, by the table in package api.
func handleError(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		trace := c.Response().Header().Get(traceHeader)
		p := problemOf(err, trace)
		if p.Status >= http.StatusInternalServerError {
			log.Error("control request failed", "error", err, "path", c.Request().URL.Path, "trace_id", trace)
		}
		var late *journal.StreamError
		if c.Response().Committed || errors.As(err, &late) {
			return
		}
		if err := problem.Write(c.Response(), p); err != nil {
			log.Debug("answer not delivered", "error", err, "trace_id", trace)
		}
	}
}

func problemOf(err error, trace string) problem.Problem {
	var own *problem.Problem
	if errors.As(err, &own) {
		p := *own
		p.Instance = "urn:uuid:" + trace
		return p
	}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		err = fmt.Errorf("%v: %w", he.Message, api.CodeOfStatus(he.Code))
	}
	return api.ProblemOf(err, trace)
}
