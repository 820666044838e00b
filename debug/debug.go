// Package debug is the API by which applications are deployed (openapi.json): create,
// upload, install, watch, read logs, stop, delete. A Server serves one Kind: debug
// applications, which expire, or deployed ones, which are permanent.
//
// Each kind lives in a registry of its own, whose ids (the type ID) come from nowhere
// else, and what is handed to the agent is marked as of that kind; so nothing here can
// name a static or dynamic application. The sweep of expired applications can name debug
// applications alone: only the Server of a Kind that expires runs it, it takes every id
// from the registry of its own Server, and an application that is kept leaves that
// registry under the lock under which the sweep would remove it.
//
// What is told about an application comes from the agent, which asks PID 1; the
// registry remembers only what was promised: names, release, times. It is on disk
// before a request is answered.
package debug

import (
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/debug/upload"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/disk"
)

// Options are what a Server works with. Every field but StateIn, Builds, Activity and Log
// must be set, Expiry and Kept where applications expire.
type Options struct {
	Kind    Kind
	Kept    *Server // where applications go that are made permanent
	Domain  string
	StateIn []string      // folders with one folder per instance: what the applications wrote
	Expiry  time.Duration // after the last activity
	MaxApps int           // 0: 100
	MaxEach int           // of one token, 0: 50
	Package api.PackageLimits

	State    State
	Uploads  *upload.Store
	Releases Releases
	Builds   Builds // nil: what has to be built is refused
	Runtime  Runtime
	Logs     Logs
	Activity Activity
	Log      *slog.Logger
}

// Server answers the API. Its methods are safe for concurrent use.
type Server struct {
	o        Options
	apps     *registry
	installs *installs
	streams  *streams
	gone     chan struct{} // capacity 1
	echo     *echo.Echo    // every route
	started  time.Time
}

// NewServer reads the registry back and tells the agent what is installed.
func NewServer(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.MaxApps == 0 {
		o.MaxApps = 100
	}
	if o.MaxEach == 0 {
		o.MaxEach = 50
	}
	apps, err := openRegistry(o.Kind, o.State, o.MaxApps, o.MaxEach,
		func(id ID) bool { return o.Runtime.HasData(string(id)) })
	if err != nil {
		return nil, err
	}
	s := &Server{
		o: o, apps: apps, installs: newInstalls(), streams: newStreams(),
		gone: make(chan struct{}, 1), started: time.Now(),
	}
	s.echo = s.routes()
	for _, a := range apps.all() { // kept before a crash, or before the file followed
		if o.Kept != nil && o.Kept.Has(a.ID) {
			apps.leave(a.ID)
		}
	}
	if err := s.adopt(); err != nil {
		return nil, err
	}
	for _, a := range apps.all() {
		s.put(a.ID)
	}
	o.Runtime.Restored()
	return s, nil
}

// Handler is the API, for callers whom a door has led in.
func (s *Server) Handler() http.Handler { return s.echo }

// Gone is ready when an application was removed: its release may be swept now.
func (s *Server) Gone() <-chan struct{} { return s.gone }

// ReleasesInUse are those of its applications, for the sweep of the release store.
func (s *Server) ReleasesInUse() []string {
	var hashes []string
	for _, a := range s.apps.all() {
		if a.Release != "" {
			hashes = append(hashes, a.Release)
		}
	}
	return hashes
}

// routes is the whole API in one place; openapi.json describes the same.
func (s *Server) routes() *echo.Echo {
	e := apiserver.New(apiserver.Options{
		Name: s.o.Kind.name, Log: s.o.Log, Problem: problemOf, KeepTrace: true,
		Frequent: func(c echo.Context) bool { return c.Path() == s.o.Kind.prefix+"/:id/upload" },
		Caller:   func(r *http.Request) []any { return []any{"by", string(callerOf(r).Installer)} },
	})
	e.Use(s.allowed)
	e.GET("/debug/openapi.json", s.openAPI)
	g := e.Group(s.o.Kind.prefix)
	g.POST("", s.create)
	g.GET("", s.list)
	g.GET("/limits", s.packageLimits)
	g.DELETE("/:id", s.delete)
	g.POST("/:id/upload", s.upload)
	g.GET("/:id/upload/status", s.uploadStatus)
	g.POST("/:id/install", s.install)
	g.GET("/:id/status", s.status)
	g.POST("/:id/stop", s.stop)
	g.GET("/:id/logs", s.logs)
	s.packageRoutes(g)
	return e
}

// noSpace says whether the disk is full, whoever noticed.
func noSpace(err error) bool { return errors.Is(disk.NoSpace(err), disk.ErrNoSpace) }

// openAPIDocument describes this API; a test compares it with the routes.
//
//go:embed openapi.json
var openAPIDocument []byte

func (s *Server) openAPI(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/json", openAPIDocument)
}
