// Package debug is the debug-application API (openapi.json): create, upload,
// install, watch, read logs, stop, delete.
//
// It knows debug applications only. They live in a registry of their own, whose ids
// (the type ID) come from nowhere else, and what it hands to the agent is marked as
// one; so nothing here, the sweep of expired applications least of all, can name an
// application of another kind.
//
// What is told about an application comes from the agent, which asks PID 1; the
// registry remembers only what was promised: names, release, times. It is on disk
// before a request is answered.
package debug

import (
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/debug/upload"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/disk"
)

// Options are what a Server works with. Every field but StateIn, Activity and Log
// must be set.
type Options struct {
	Domain  string
	StateIn []string // folders with one folder per instance: what the applications wrote
	Expiry  time.Duration
	MaxApps int // 0: 100
	MaxEach int // of one token, 0: 50
	Package api.PackageLimits

	ProxyUID uint32 // the user who may vouch for access tokens
	Tokens   Authenticator
	State    State
	Uploads  *upload.Store
	Releases Releases
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
	echo     *echo.Echo    // every route, no authentication
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
	apps, err := openRegistry(o.State, o.MaxApps, o.MaxEach)
	if err != nil {
		return nil, err
	}
	s := &Server{
		o: o, apps: apps, installs: newInstalls(), streams: newStreams(),
		gone: make(chan struct{}, 1), started: time.Now(),
	}
	s.echo = s.routes()
	if err := s.adopt(); err != nil {
		return nil, err
	}
	for _, a := range apps.all() {
		if a.Release != "" {
			o.Runtime.Put(s.instance(a))
		}
	}
	o.Runtime.Restored()
	return s, nil
}

// Handler is the API without authentication, for a socket that vouches for its callers.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, ok := apiserver.PeerOf(r)
		if !ok {
			s.refuse(w, r, fmt.Errorf("unknown caller: %w", api.Forbidden))
			return
		}
		s.echo.ServeHTTP(w, asked(r, caller{Installer: audience.Operator(peer.UID)}))
	})
}

// Gone is ready when an application was removed: its release may be swept now.
func (s *Server) Gone() <-chan struct{} { return s.gone }

// ReleasesInUse are those of debug applications, for the sweep of the release store.
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
		Name: "debug", Log: s.o.Log, Problem: problemOf, KeepTrace: true,
		Frequent: func(c echo.Context) bool { return c.Path() == uploadPath },
		Caller:   func(r *http.Request) []any { return []any{"by", string(callerOf(r).Installer)} },
	})
	e.GET("/debug/openapi.json", s.openAPI)
	g := e.Group("/debug/application")
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
