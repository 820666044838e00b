package proxy

import (
	"net/url"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/nexushub/nexushub/proxyctl"
)

// setAccess has no path of a route be special whose table says so. The login and the admin
// application have areas always: the proxy itself calls what is under their /internal.
func (s *snapshot) setAccess(r *route) {
	service := r.Instance == s.table.LoginInstance || r.Instance == s.table.AdminInstance
	r.private = r.Access == proxyctl.AccessPrivate && !service
	r.open = r.private || r.Access == proxyctl.AccessOpen && !service
	r.ProxyAll = r.ProxyAll || r.open
}

// isOpen says that no path of the application is special.
func (r *route) isOpen() bool { return r != nil && r.open }

// open applies the rules of an application that anybody may send any request to. Our own
// credentials are taken out: they do not open it, and it could do harm with them.
func (s *snapshot) open(site *site, r *request, g grants) decision {
	d := s.openTo(site, r)
	d.route, d.prefix, d.strip = site.route, site.prefix, site.strip
	d.keepAuth = !s.isSecret(r.bearer) && !g.Valid(r.bearer, "")
	return d
}

func (s *snapshot) openTo(site *site, r *request) decision {
	a := openArea(r.path)
	switch {
	case !strings.HasPrefix(r.path, "/"):
		return refuse(400, "The path must begin with a slash.")
	case a == areaSetToken: // browsers come here from the login application, with a refresh token
		return refuse(404, "This application does not use the login application.")
	case site.needsSlash(r):
		return decision{action: actSlash}
	case site.strip && strings.HasPrefix(r.path[len(site.prefix):], "//"): // some take what follows for a host
		return refuse(400, "The path has an empty segment (//) where the application's own path begins.")
	}
	return s.other(site.route, r, a)
}

// areaIn is the area of a path that the rules have not refused.
func (r *route) areaIn(path string) area {
	if r.open {
		return openArea(path)
	}
	a, _ := areaOf(path)
	return a
}

// openArea classifies a path of an open application: areaOther, unless somebody may read
// it as one that is the proxy's on every host.
func openArea(p string) area {
	reading := p
	if !isUnambiguous(p) {
		var doubt string
		if reading, doubt = readLeniently(p); doubt != "" {
			return doubtfulArea(p)
		}
	}
	switch a := plainArea(strings.ToLower(strings.TrimSuffix(reading, "/"))); {
	case a == areaSetToken, a == areaProxy:
		return a
	case isFormat(reading, "/api/set_token"):
		return areaSetToken
	}
	return areaOther
}

// doubtfulArea is of a path that programs read in ways of their own: the name is enough,
// however encoded.
func doubtfulArea(p string) area {
	switch p = decodeFully(p); {
	case strings.Contains(p, "set_token"):
		return areaSetToken
	case strings.Contains(p, "well-known"):
		return areaProxy
	}
	return areaOther
}

// maxLayers of percent-encoding: more than any two programs undo.
const maxLayers = 4

func decodeFully(p string) string {
	for range maxLayers {
		p = unescape(p)
	}
	return strings.Map(fold, norm.NFKD.String(strings.ToValidUTF8(p, "")))
}

// unescape leaves as it is what is no escape.
func unescape(p string) string {
	var b strings.Builder
	for p != "" {
		n := 1
		if p[0] == '%' && len(p) >= 3 && isHex(p[1]) && isHex(p[2]) {
			n = 3
		}
		c, err := url.PathUnescape(p[:n])
		if err != nil {
			c = p[:n]
		}
		b.WriteString(c)
		p = p[n:]
	}
	return b.String()
}
