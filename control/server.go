// Package control is the operators' API: HTTP with JSON on a unix socket that root and
// the group nexushub may connect to, and the same behind the proxy for tokens with a role.
// Each request has a caller, whom its door knows (package caller); a caller gets what the table
// of rights gives his role, and every change is logged with who he is. Errors are problem
// documents with the trace id that the journal has too.
package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/problem"
)

// Server answers on a listener that it is given.
type Server struct {
	echo     *echo.Echo
	debug    http.Handler
	deployed http.Handler
	git      http.Handler
	all      http.Handler // with what is common to them

	operations *operations
	log        *slog.Logger
}

// maxBody is room for the largest secret, were each of its characters escaped.
const maxBody = "8M"

// NewServer wires the routes to what answers them.
func NewServer(d Deps) *Server {
	e := apiserver.New(apiserver.Options{
		Name: "control", Log: d.Log, Problem: problemOf, KeepTrace: true, Caller: whoAsks,
	})
	e.JSONSerializer = strictJSON{}
	if d.Building != nil {
		d.Applications = withBuilds{d.Applications, d.Building}
	}
	h := &handlers{Deps: d}
	e.Use(h.allowed, conditional)
	g := e.Group("/v1", middleware.BodyLimit(maxBody))
	h.register(g)
	s := &Server{echo: e, debug: d.Debug, deployed: d.Deployed, git: d.Git, log: d.Log}
	s.operations = newOperations(d.Audit.Handler(http.HandlerFunc(s.serve)))
	s.all = &idempotent{next: s.operations}
	g.GET("/operations/:id", s.operation)
	return s
}

// ServeHTTP answers a caller whom a door has led in.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.all.ServeHTTP(w, r) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case s.debug != nil && strings.HasPrefix(path, "/debug/"):
		s.debug.ServeHTTP(w, r)
	case s.git != nil && strings.HasPrefix(path, caller.GitPath):
		s.git.ServeHTTP(w, r)
	case s.deployed != nil && (path == "/v1/deployed" || strings.HasPrefix(path, "/v1/deployed/")):
		s.deployed.ServeHTTP(w, r)
	default:
		s.echo.ServeHTTP(w, r)
	}
}

// Run serves the control socket until ctx ends.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	defer s.operations.stop()
	return apiserver.Serve(ctx, l, caller.SocketDoor(s), s.log)
}

// problemOf is the answer to an error, by the table in package api.
func problemOf(err error, trace string) problem.Problem {
	var he *echo.HTTPError
	if errors.As(err, &he) {
		err = fmt.Errorf("%v: %w", he.Message, api.CodeOfStatus(he.Code))
	}
	return api.ProblemOf(err, trace)
}
