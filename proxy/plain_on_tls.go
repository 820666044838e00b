package proxy

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// HTTP on the port of TLS comes from whoever wrote http:// for https://, and is answered with
// one sentence that says so. Whatever else is not TLS is closed without a word, as before.
//
// A browser is led on: GET and HEAD to a host that is served here are redirected. Nothing else
// is. A program whose uploads or tokens come without TLS must fail, and be told why: it has
// sent them in the clear already, a redirect would have it do so for ever, and most client
// libraries drop Authorization on the way, which looks like a wrong token. The redirect is a
// temporary one: no browser is to keep anything that it was told without TLS.

// methodsInTheClear are what the bytes of HTTP/1.x begin with: the methods of RFC 9110, and those
// that clients of calendars and folders (WebDAV) send.
var methodsInTheClear = []string{
	"GET ", "HEAD ", "POST ", "PUT ", "PATCH ", "DELETE ", "OPTIONS ", "CONNECT ", "TRACE ",
	"PROPFIND ", "PROPPATCH ", "MKCOL ", "MKCALENDAR ", "COPY ", "MOVE ", "LOCK ", "UNLOCK ", "REPORT ", "SEARCH ",
}

// beginsHTTP says that bytes, five at least, are or may become a request of HTTP/1.x.
func beginsHTTP(b []byte) bool {
	return slices.ContainsFunc(methodsInTheClear, func(method string) bool {
		n := min(len(b), len(method))
		return len(b) >= 5 && string(b[:n]) == method[:n]
	})
}

// sniff keeps the first bytes of a connection, which TLS would not give back, as long as they may be
// those of HTTP. TLS takes one look at them.
func (a *accepted) sniff(p []byte) {
	switch {
	case len(p) == 0:
	case len(a.sniffed) == 0 && (p[0] < 'A' || p[0] > 'Z'):
		a.sniffs = false
	default:
		a.sniffed = append(a.sniffed, p...)
	}
}

// spokeHTTP says that the handshake failed because there is none: nothing was sent yet.
func (a *accepted) spokeHTTP(err error) bool {
	var first tls.RecordHeaderError
	return errors.As(err, &first) && first.Conn != nil && beginsHTTP(a.sniffed)
}

// servePlainOnTLS answers one request.
func (s *Server) servePlainOnTLS(a *accepted) {
	a.SetDeadline(noDeadline)
	c := newConn(a, a.Conn, "")
	c.state.set(plainOnTLS)
	c.r.Unread(a.sniffed)
	a.sniffed = nil
	c.serve()
}

// onTLSPort decides about a request that came without TLS to the port of TLS.
func (r *request) onTLSPort(site *site) decision {
	_, doubt := areaOf(r.path)
	if site != nil && doubt == "" && !r.authorized && (r.method == "GET" || r.method == "HEAD") {
		return decision{action: actToTLS}
	}
	return refuse(400, r.speaksHTTPS())
}

// speaksHTTPS names the URL that was meant, where there is one.
func (r *request) speaksHTTPS() string {
	if r.authority == "" || !strings.HasPrefix(r.requestURI, "/") {
		return "This port speaks HTTPS, and the request came without TLS. Use https:// in place of http://."
	}
	return "This port speaks HTTPS, and the request came without TLS. Use https://" + r.authority + r.requestURI + " instead."
}

// toTLS leads to the same URL over TLS, on the port that the client has named.
func (x *exchange) toTLS(w http.ResponseWriter, _ *http.Request) {
	port := portOf(x.req.authority)
	if port == "" {
		port = x.server.httpsPort()
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", "https://"+x.req.host()+port+x.req.requestURI)
	w.WriteHeader(http.StatusTemporaryRedirect)
}
