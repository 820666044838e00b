package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/nexushub/nexushub/internal/hostname"
)

// destination is where a person goes after signing in.
type destination struct {
	host string // of the application that is to be opened; empty: a page of the login host
	port string // with its colon
	url  string
}

// destination reads the parameter continue of a request. A refresh token goes to that host, so it
// has to be one of the domain, over TLS, at the port at which the request came. Browsers read '\'
// as '/' and drop tabs and line ends, so those are refused.
func (s *Server) destination(r *http.Request, next string) (destination, bool) {
	if next == "" {
		return destination{url: "/account"}, true
	}
	for i := range len(next) {
		if next[i] <= ' ' || next[i] == '\\' || next[i] >= 0x7f {
			return destination{}, false
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.User != nil {
		return destination{}, false
	}
	if u.Scheme == "" && u.Host == "" {
		return destination{url: next}, strings.HasPrefix(next, "/") && !strings.HasPrefix(next, "//")
	}
	host, err := hostname.Parse(u.Host)
	port := portOf(u.Host)
	if u.Scheme != "https" || err != nil || port != portOf(r.Host) || !s.inDomain(host) {
		return destination{}, false
	}
	if host == s.Host {
		return destination{url: next}, true
	}
	return destination{host: host, port: port, url: next}, true
}

func (s *Server) inDomain(host string) bool {
	return host == s.Host || s.domain != "" && (host == s.domain || strings.HasSuffix(host, "."+s.domain))
}

// portOf is what follows the name, with its colon.
func portOf(authority string) string {
	i := strings.LastIndexByte(authority, ':')
	if i < 0 || strings.HasSuffix(authority, "]") || authority[i:] == ":443" {
		return ""
	}
	return authority[i:]
}

func (s *Server) isHome(r *http.Request) bool {
	host, err := hostname.Parse(r.Host)
	return err == nil && host == s.Host
}

// home is the origin of the login host, as this request reaches it.
func (s *Server) home(r *http.Request) string { return "https://" + s.Host + portOf(r.Host) }

// signInAt is the page to sign in, and where that leads.
func signInAt(origin, next string) string {
	if next == "" {
		return origin + "/public/login"
	}
	return origin + "/public/login?" + url.Values{"continue": {next}}.Encode()
}
