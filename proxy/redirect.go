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

// redirect leads to the same URL over TLS, on a port that an https socket has, or from an alias to
// the first name of the application.
func (x *exchange) redirect(w http.ResponseWriter, r *http.Request) {
	if x.req.plain && x.server.acme.Challenge(w, r) {
		x.status = http.StatusOK
		return
	}
	host, port, prefix := x.req.host(), portOf(x.req.authority), ""
	if x.req.plain {
		port = x.server.httpsPort()
	}
	if to := x.decision.alias; to != nil {
		host, prefix = to.Name, to.Prefix
		w.Header().Set("Cache-Control", aliasLife)
	}
	w.Header().Set("Location", "https://"+host+port+prefix+x.req.requestURI)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// aliasLife is for how long browsers keep where an alias leads: for good, they would also after
// the name has gone to another application.
const aliasLife = "max-age=3600"

// slash adds the slash that makes relative links lead below a prefix.
func (x *exchange) slash(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", x.req.path+"/"+x.req.requestURI[len(x.req.path):])
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
