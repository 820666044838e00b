package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/nexushub/nexushub/proxy/accesstoken"
	"github.com/nexushub/nexushub/proxyctl"
)

// grants answers whether an access token is unexpired and was issued for an instance, and to whom.
type grants interface {
	Valid(token, instance string) bool
	Who(token, instance string) *accesstoken.Identity // nil: to nobody who is known by name
}

// decide applies the routing rules in the order of nexushub-proxy(8): unknown host, path of a host,
// alias, open or private application, ambiguous path, HTTPS, API hosts, login, X-Application-Id, tokens, the protected
// areas, all else.
func (s *snapshot) decide(r *request, g grants) decision {
	site := s.lookup(r.authority)
	if r.plainOnTLS {
		return r.onTLSPort(site)
	}
	if site == nil || !s.covers(r.sni) {
		return refuse(421, "No application is served under this host name here.")
	}
	site, doubt := site.at(r.path)
	if doubt != "" {
		return refuse(400, doubt)
	}
	switch open := site.route.isOpen() && !site.api; {
	case site.isAliasFor(r.path):
		return decision{action: actRedirect, route: site.route, alias: site.alias}
	case open && r.plain:
		return decision{action: actRedirect}
	case r.path == keysPath && !r.plain:
		return decision{action: actKeys, route: site.route}
	case open && site.route.private:
		return s.private(site, r, g)
	case open:
		return s.open(site, r, g)
	case site.prefix != "":
		return refuse(404, "Only an open application can be served below a path.")
	}
	a, doubt := s.areaAt(site, r.path)
	if doubt != "" {
		return refuse(400, doubt)
	}
	if r.plain {
		return decision{action: actRedirect}
	}
	switch {
	case site.api && a == areaDebug:
		return s.toAgent(r, g)
	case site == s.control && isControl(r.path):
		return s.toControl()
	}
	if a == areaLogin {
		return s.toLogin(r)
	}
	route := site.route
	if r.applicationID != "" {
		if route = s.instances[r.applicationID]; !s.mayEnter(r, g, r.applicationID) {
			return refuse(401, "X-Application-Id needs the internal secret or an access token for that instance.")
		}
	}
	switch {
	case route == nil:
		return refuse(404, "No application has this host name or id.")
	case route.open:
		return refuse(404, "An application that is open or private is reached by its host name alone.")
	}
	d := s.inside(route, a, r, g)
	d.route = route
	d.keepApp = r.applicationID != "" && d.targets == route.targets
	return d
}

// areaAt is areaOf, but for the operators' API, in whose paths names have slashes: its routes are
// matched before they are decoded.
func (s *snapshot) areaAt(site *site, path string) (a area, doubt string) {
	if site == s.control && isControl(path) {
		path = encodedSlash.Replace(path)
	}
	return areaOf(path)
}

var encodedSlash = strings.NewReplacer("%2F", "_", "%2f", "_")

// What the operators' API is under, and what git pushes to.
const (
	controlPath = "/v1"
	gitPath     = "/git"
)

// isControl says whether a path of the API host leads to the agent.
func isControl(path string) bool { return under(path, controlPath) || under(path, gitPath) }

// toControl leads to the operators' API, which checks its tokens itself. Neither a grant nor the
// internal secret opens it.
func (s *snapshot) toControl() decision {
	if s.agent == nil {
		return refuse(503, "The API is not available.")
	}
	return decision{action: actForward, targets: s.agent, keepAuth: true}
}

// toAgent passes Authorization on, because the agent checks its API tokens itself;
// for access tokens of the admin application the proxy vouches with X-NexusHub-Access.
func (s *snapshot) toAgent(r *request, g grants) decision {
	if s.agent == nil {
		return refuse(503, "The debug API is not available.")
	}
	d := decision{action: actForward, targets: s.agent, keepAuth: true}
	if admin := s.table.AdminInstance; admin != "" && r.bearer != "" && g.Valid(r.bearer, admin) {
		d.access = "admin"
	}
	return d
}

func (s *snapshot) toLogin(r *request) decision {
	if s.login == nil {
		return refuse(503, "The login application is not installed.")
	}
	d := s.login.toTarget()
	d.route, d.keepRefresh, d.keepAuth = s.login, true, false
	d.signsOut = under(r.path, logoutPath) && r.refreshCookies == 1
	return d
}

// inside applies the rules of one instance.
func (s *snapshot) inside(route *route, a area, r *request, g grants) decision {
	switch a {
	case areaPublic:
		d := route.toTarget()
		d.keepAuth = !s.isSecret(r.bearer) && !g.Valid(r.bearer, "")
		return d
	case areaSetToken:
		return decision{action: actSetToken}
	case areaAccessToken:
		if r.method == "POST" {
			return decision{action: actAccessToken}
		}
		return s.api(route, r, g)
	case areaAPI:
		return s.api(route, r, g)
	case areaInternal:
		if !s.isSecret(r.bearer) {
			return refuse(401, "The internal secret is needed.")
		}
		d := route.toTarget()
		d.keepAuth, d.keepSecret = true, true
		return d
	}
	d := s.other(route, r, a)
	d.keepAuth = !s.isSecret(r.bearer) && !g.Valid(r.bearer, "")
	return d
}

func (s *snapshot) api(route *route, r *request, g grants) decision {
	if !s.mayEnter(r, g, route.Instance) {
		return refuse(401, "An access token for this application is needed.")
	}
	d := route.toTarget()
	d.keepAuth = true
	d.keepSecret = s.isSecret(r.bearer)
	d.keepRefresh = route == s.login
	return d
}

// other is what lies outside of the protected areas: the first of development
// server, static service, static files and the instance itself that there is.
func (s *snapshot) other(route *route, r *request, a area) decision {
	switch {
	case a == areaProxy && route.files != nil && r.upgrade == "":
		return decision{action: actFile}
	case a == areaProxy:
		return refuse(404, onlyFiles)
	case route.dev != nil:
		return decision{action: actForward, targets: route.dev}
	case route.service != nil:
		return decision{action: actForward, targets: route.service, host: route.host, base: route.base}
	case route.files != nil && r.upgrade == "":
		return decision{action: actFile}
	case route.ProxyAll:
		return s.fallback(route, a)
	case route.State == proxyctl.StateStarting:
		return decision{action: actHold}
	case route.State == proxyctl.StateDown:
		return refuse(503, "The application is not running.")
	}
	return refuse(404, "Nothing is served at this path.")
}

// onlyFiles is said of the paths under which authorities ask who holds a host name.
const onlyFiles = "There is no such file, and no application is asked for this path."

// fallback sends to the instance what is in no area and, where there are files, is not one.
func (s *snapshot) fallback(route *route, a area) decision {
	d := route.toTarget()
	if a == areaProxy {
		return refuse(404, onlyFiles)
	}
	if a == areaFormat && d.action == actForward {
		return refuse(404, "There is no such file, and an application could read this path as "+
			"/api or /internal with a format suffix.")
	}
	d.keepRefresh = route == s.login
	return d
}

// toTarget sends to the instance as its state allows.
func (c *route) toTarget() decision {
	switch {
	case c.State == proxyctl.StateStarting:
		return decision{action: actHold, route: c}
	case c.State == proxyctl.StateDown:
		d := refuse(503, "The application is not running.")
		d.route = c
		return d
	case c.targets == nil:
		return refuse(404, "Nothing is served at this path.")
	}
	return decision{action: actForward, targets: c.targets, route: c}
}

// mayEnter says that the request carries the internal secret or an access token for
// the instance.
func (s *snapshot) mayEnter(r *request, g grants, instance string) bool {
	return s.isSecret(r.bearer) || (r.bearer != "" && g.Valid(r.bearer, instance))
}

func (s *snapshot) isSecret(bearer string) bool {
	if bearer == "" || !s.hasSecret {
		return false
	}
	sum := sha256.Sum256([]byte(bearer))
	return subtle.ConstantTimeCompare(sum[:], s.secret[:]) == 1
}
