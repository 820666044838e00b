package proxy

import (
	"net/http"
)

// servePlain answers plain HTTP: every request is sent to HTTPS.
func (s *Server) servePlain(a *accepted) {
	c := newConn(a, a.Conn, "")
	c.state.set(plainHTTP)
	c.serve()
}

// redirect leads to the same URL over TLS, on a port that an https socket has.
func (x *exchange) redirect(w http.ResponseWriter, r *http.Request) {
	if x.server.acme.Challenge(w, r) {
		x.status = http.StatusOK
		return
	}
	site := x.snap.lookup(x.req.authority)
	if site == nil {
		errorPage{421, "No application is served under this host name here.", x}.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Location", "https://"+site.host+x.server.httpsPort()+x.req.requestURI)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// httpsPort is empty where one of the https sockets has the port that URLs need not name.
func (s *Server) httpsPort() (port string) {
	for _, l := range s.opt.Listeners {
		if l.Name != "https" {
			continue
		}
		if port = portOf(l.Addr().String()); port == ":443" {
			return ""
		}
	}
	return port
}
