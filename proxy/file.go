package proxy

import (
	"net/http"

	"github.com/nexushub/nexushub/proxy/static"
	"github.com/nexushub/nexushub/proxyctl"
)

// file answers with a file of the route's static folder; where there is none it
// falls back as the route says: to the single-page application, to the instance.
func (s *Server) file(x *exchange) bool {
	route := x.decision.route
	f, err := route.files.Open(x.req.path)
	if err != nil && route.SPAFallback && x.wantsPage() {
		if f, err = route.files.Open("/"); err == nil {
			f.Vary("Accept")
		}
	}
	reading := x.req.method == http.MethodGet || x.req.method == http.MethodHead
	switch {
	case err == nil && reading:
		x.downstream.local(f, x)
	case route.ProxyAll || (err != nil && route.State == proxyctl.StateStarting):
		closeFile(f)
		return s.fallBackToApp(x)
	case !reading:
		closeFile(f)
		s.fail(x, 405, "Files answer only GET and HEAD.")
	default:
		s.fail(x, 404, "There is no such file.")
	}
	return true
}

// fallBackToApp sends the request to the instance.
func (s *Server) fallBackToApp(x *exchange) bool {
	a, _ := areaOf(x.req.path)
	d := x.snap.fallback(x.decision.route, a)
	d.route, d.keepAuth, d.keepApp = x.decision.route, x.decision.keepAuth, x.decision.keepApp
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
