package proxy

import (
	"net/http"
	"strings"

	"github.com/nexushub/nexushub/proxy/static"
	"github.com/nexushub/nexushub/proxyctl"
)

// file answers with a file of the route's static folder; where there is none it
// falls back as the route says: to the single-page application, to the instance.
func (s *Server) file(x *exchange) bool {
	f, err := x.decision.route.files.Open(x.req.path)
	if err != nil && x.decision.route.SPAFallback && isPage(x.req.path) {
		f, err = x.decision.route.files.Open("/")
	}
	reading := x.req.method == http.MethodGet || x.req.method == http.MethodHead
	switch {
	case err == nil && reading:
		x.downstream.local(f, x)
	case x.decision.route.ProxyAll || (err != nil && x.decision.route.State == proxyctl.StateStarting):
		closeFile(f)
		return s.fallBackToApp(x)
	case !reading:
		closeFile(f)
		s.fail(x, 405, "Files can only be read.")
	default:
		s.fail(x, 404, "There is no such file.")
	}
	return true
}

// fallBackToApp sends the request to the instance.
func (s *Server) fallBackToApp(x *exchange) bool {
	before := x.decision
	a, _ := areaOf(x.req.path)
	x.decision = x.snap.fallback(before.route, a)
	x.decision.route, x.decision.keepAuth, x.decision.keepApp = before.route, before.keepAuth, before.keepApp
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

// isPage says that a path looks like one of a page, not of an asset that is missing.
func isPage(p string) bool {
	return !strings.Contains(p[strings.LastIndexByte(p, '/')+1:], ".")
}
