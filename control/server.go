// Package control is the operators' API: HTTP with JSON on a unix socket that root and
// the group nexushub may connect to. The kernel says who calls (SO_PEERCRED); what
// touches secrets is for root alone; every change is logged with the caller's uid and
// pid. Errors are problem documents with the trace id that the journal has too.
package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/problem"
)

// Server answers on a listener that it is given.
type Server struct {
	echo *echo.Echo
	log  *slog.Logger
}

// maxBody is room for the largest secret, were each of its characters escaped.
const maxBody = "8M"

// NewServer wires the routes to what answers them.
func NewServer(d Deps) *Server {
	e := apiserver.New(apiserver.Options{Name: "control", Log: d.Log, Problem: problemOf, Caller: caller})
	e.JSONSerializer = strictJSON{}
	h := &handlers{Deps: d}
	h.register(e.Group("/v1", middleware.BodyLimit(maxBody)))
	if d.Debug != nil {
		e.Any("/debug/*", echo.WrapHandler(d.Debug))
	}
	if d.Deployed != nil { // outside the group: a package is larger than its bodies may be
		e.Any("/v1/deployed", echo.WrapHandler(d.Deployed))
		e.Any("/v1/deployed/*", echo.WrapHandler(d.Deployed))
	}
	return &Server{echo: e, log: d.Log}
}

// ServeHTTP lets tests do without a listener.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	return apiserver.Serve(ctx, l, s.echo, s.log)
}

// problemOf is the answer to an error, by the table in package api.
func problemOf(err error, trace string) problem.Problem {
	var he *echo.HTTPError
	if errors.As(err, &he) {
		err = fmt.Errorf("%v: %w", he.Message, api.CodeOfStatus(he.Code))
	}
	return api.ProblemOf(err, trace)
}
