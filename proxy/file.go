package proxy

import (
	"errors"
	"io/fs"
	"net/http"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/proxy/static"
	"github.com/nexushub/nexushub/proxyctl"
)

// file answers with a file of the route's static folder; where there is none it
// falls back as the route says: to the single-page application, to the instance.
func (s *Server) file(x *exchange) bool {
	route := x.decision.route
	f, err := route.files.Open(x.pathBelow())
	if isMissing(err) && route.SPAFallback && x.wantsPage() {
		if f, err = route.files.Open("/"); err == nil {
			f.Vary("Accept")
		}
	}
	reading := x.req.method == http.MethodGet || x.req.method == http.MethodHead
	switch {
	case err == nil && reading:
		s.sendFile(x, f)
	case (!reading || isMissing(err)) && (route.ProxyAll || (err != nil && route.State == proxyctl.StateStarting)):
		closeFile(f)
		return s.fallBackToApp(x)
	case !reading:
		closeFile(f)
		s.fail(x, 405, "Files answer only GET and HEAD.")
	default:
		s.failFile(x, err)
	}
	return true
}

// sendFile counts that as a use of the grant that lets the request in, as forward does.
func (s *Server) sendFile(x *exchange, f *static.File) {
	if err := s.beginUse(x); err != nil {
		f.Close()
		s.failUse(x)
		return
	}
	defer func() { x.use.End(x.status) }()
	f.Private = x.decision.token != ""
	x.downstream.local(f, x)
}

// failFile answers for a file that cannot be opened. One that may not be read has been logged.
func (s *Server) failFile(x *exchange, err error) {
	switch {
	case isMissing(err):
		s.fail(x, 404, "There is no such file.")
	case errors.As(err, new(*beneath.Denied)):
		s.fail(x, 403, "The proxy may not read this file.")
	default:
		x.fault = err
		s.fail(x, 500, "The file could not be read.")
	}
}

// pathBelow is the path as the files of an application are named.
func (x *exchange) pathBelow() string { return pathIn(x.decision.prefix, x.req.path) }

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// fallBackToApp sends the request to the instance.
func (s *Server) fallBackToApp(x *exchange) bool {
	d := x.snap.fallback(x.decision.route, x.decision.route.areaIn(x.req.path))
	d.route, d.keepAuth, d.keepApp = x.decision.route, x.decision.keepAuth, x.decision.keepApp
	d.prefix, d.strip = x.decision.prefix, x.decision.strip
	d.who, d.token = x.decision.who, x.decision.token
	x.decision = d
	if x.decision.action == actHold {
		s.hold(x)
	}
	return s.act(x)
}

func closeFile(f *static.File) {
	if f != nil {
		f.Close()
	}
}

// wantsPage asks no more than the path where the instance may have what looks like a file.
func (x *exchange) wantsPage() bool {
	if x.decision.route.ProxyAll && looksLikeFile(x.req.path) {
		return false
	}
	return wantsPage(x.req.path, x.downstream.accept())
}
