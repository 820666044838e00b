// Package control is the operators' API: HTTP with JSON on a unix socket that root and
// the group nexushub may connect to. The kernel says who calls (SO_PEERCRED); what
// touches secrets is for root alone; every change is logged with the caller's uid and
// pid. Errors are problem documents with the trace id that the journal has too.
package control

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// grace is how long requests in hand have at the end.
const grace = 5 * time.Second

// Server answers on a listener that it is given.
type Server struct {
	echo *echo.Echo
	log  *slog.Logger
}

// NewServer wires the routes to what answers them.
func NewServer(d Deps) *Server {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = handleError(d.Log)
	e.JSONSerializer = strictJSON{}
	e.Use(traced(d.Log), middleware.RecoverWithConfig(middleware.RecoverConfig{
		LogErrorFunc: func(_ echo.Context, err error, stack []byte) error {
			d.Log.Error("panic in a request", "error", err, "stack", string(stack))
			return err
		},
	}))
	h := &handlers{Deps: d}
	h.register(e.Group("/v1", middleware.BodyLimit("1M")))
	if d.Debug != nil {
		e.Any("/debug/*", echo.WrapHandler(d.Debug))
	}
	return &Server{echo: e, log: d.Log}
}

// ServeHTTP lets tests do without a listener.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Run serves until ctx ends. Log streams end with it; other requests have a moment to
// finish.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	srv := &http.Server{
		Handler: s.echo, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return base },
		ConnContext: withPeer,
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	return shutdown(srv, cancel)
}

func shutdown(srv *http.Server, cancelStreams func()) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	stop := time.AfterFunc(grace/5, cancelStreams)
	defer stop.Stop()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	return err
}
