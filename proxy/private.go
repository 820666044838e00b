package proxy

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nexushub/nexushub/proxy/accesstoken"
)

// entryCookie holds the access token with which a browser enters a private application. By the prefix
// browsers take it from its own host alone and over HTTPS alone. No application sees it.
const entryCookie = "__Host-NexusHub-Access"

// What is the proxy's on the host of a private application, besides what is on every host.
const (
	setTokenPath    = "/api/set_token"
	accessTokenPath = "/.well-known/nexushub/access_token" // as /api/access_token is of one with areas
)

// private applies the rules of an application for whoever has signed in and has one of its roles:
// those of an open one, after the check. The internal secret does not open it.
func (s *snapshot) private(site *site, r *request, g grants) decision {
	d := s.admit(site, r, g)
	d.route = site.route
	return d
}

func (s *snapshot) admit(site *site, r *request, g grants) decision {
	token, who, byCookie := site.route.credential(r, g)
	switch a := openArea(r.path); {
	case site.prefix != "": // it would share its cookie with what is beside it
		return refuse(404, "A private application cannot be served below a path.")
	case r.path == setTokenPath:
		return decision{action: actSetToken}
	case a == areaSetToken:
		return refuse(404, "There is no such path. A token is set at "+setTokenPath+".")
	case r.path == accessTokenPath && r.method == http.MethodPost && !r.isForeign():
		return decision{action: actAccessToken}
	case r.worker: // it would see the refresh token in the address of setTokenPath
		return refuse(403, "A private application has no service workers.")
	case who == nil:
		return decision{action: actSignIn}
	case byCookie && r.isForeign() && (!changesNothing(r.method) || r.upgrade != ""):
		return refuse(403, "A page of another origin has your browser send this.")
	case !who.HasOneOf(site.route.Roles):
		return refuse(403, "You are signed in as "+who.User+", who may not use this application.")
	}
	d := s.open(site, r, g)
	d.who, d.token, d.keepAuth = who, token, d.keepAuth && byCookie
	return d
}

// credential is by which token the request enters, and whose it is: that of a program goes before that
// of a browser.
func (c *route) credential(r *request, g grants) (token string, who *accesstoken.Identity, byCookie bool) {
	if who = g.Who(r.bearer, c.Instance); who != nil {
		return r.bearer, who, false
	}
	return r.entry, g.Who(r.entry, c.Instance), true
}

func isEntry(pair []byte) bool {
	name, _, _ := bytes.Cut(pair, []byte{'='})
	return string(name) == entryCookie
}

// entryIn is the value of the entry cookie in a Cookie header, nil without one.
func entryIn[T []byte | string](header T) []byte {
	if len(header) <= len(entryCookie) || !bytes.Contains([]byte(header), []byte(entryCookie)) {
		return nil
	}
	for pair := range bytes.SplitSeq([]byte(header), []byte{';'}) {
		if pair = bytes.Trim(pair, " \t"); isEntry(pair) && len(pair) > len(entryCookie) {
			return pair[len(entryCookie)+1:]
		}
	}
	return nil
}

// way is what becomes of a request to a private application that brings no credential.
type way uint8

const (
	wayNone  way = iota // 401
	wayLogin            // to the login application
	wayIn               // exchange the refresh token, and ask again
)

// wayOf leads browsers that go to a page of their own, and nothing else: what is embedded in a page is
// not where somebody signs in, and what a script asks for is not a page.
func wayOf(r *request, h http.Header) way {
	named, _ := acceptsHTML(strings.Join(h["Accept"], ","))
	dest := h.Get("Sec-Fetch-Dest")
	switch {
	case r.method != http.MethodGet || r.upgrade != "" || r.authorized || !named || dest != "" && dest != "document":
		return wayNone
	case r.refreshCookies == 1:
		return wayIn
	}
	return wayLogin
}

// signIn answers a request to a private application that brings no credential.
func (x *exchange) signIn(w http.ResponseWriter, r *http.Request) {
	switch wayOf(&x.req, r.Header) {
	case wayIn:
		x.enter(w, r)
	case wayLogin:
		x.leadToLogin(w, r)
	default:
		errorPage{401, "Sign in, or send an access token for this application.", x}.ServeHTTP(w, r)
	}
}

// here is the address that was asked for.
func (x *exchange) here() string {
	return "https://" + x.req.host() + portOf(x.req.authority) + x.req.requestURI
}

// maxContinue is how long an address may be that the login application leads back to.
const maxContinue = 2000

func (x *exchange) leadToLogin(w http.ResponseWriter, r *http.Request) {
	if x.snap.login == nil {
		errorPage{503, "The login application is not installed.", x}.ServeHTTP(w, r)
		return
	}
	if x.req.refreshCookies > 0 {
		x.forgetCookies(w)
	}
	back := x.here()
	if len(back) > maxContinue {
		back = "https://" + x.req.host() + portOf(x.req.authority) + "/"
	}
	x.lead(w, x.loginURL("/public/login?continue="+url.QueryEscape(back)))
}

// lead sends a browser on by GET.
func (x *exchange) lead(w http.ResponseWriter, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// maxAttempts is how often a browser may come without the cookie that it was given.
const maxAttempts = 3

// enter exchanges the refresh token of a browser for its entry, and has it ask again.
func (x *exchange) enter(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	cookie, err := r.Cookie(refreshCookie)
	if err != nil || !isCookieValue(cookie.Value) {
		x.leadToLogin(w, r)
		return
	}
	if x.server.grants.Unused(cookie.Value, x.decision.route.Instance) >= maxAttempts {
		errorPage{400, "Your browser does not keep the cookie of this application.", x}.ServeHTTP(w, r)
		return
	}
	got, no, err := x.server.exchangeToken(r.Context(), x, cookie.Value)
	if err == nil && no == nil {
		err = fitsEntry(got, time.Now())
	}
	switch {
	case err != nil:
		x.failExchange(w, r, err)
	case no == nil:
		x.admitted(w, r, got, cookie.Value)
	case no.status == http.StatusUnauthorized:
		x.server.grants.SignedOut(cookie.Value)
		x.leadToLogin(w, r)
	default:
		x.denied(w, no, cookie.Value)
	}
}

// fitsEntry says why a browser would come back without what it was given, for ever.
func fitsEntry(got tokenResponse, now time.Time) error {
	switch {
	case !isCookieValue(got.AccessToken):
		return errors.New("login application answered with a token that fits in no cookie")
	case !got.Expiry.After(now):
		return errors.New("login application answered with a token that has expired")
	}
	return nil
}

func (x *exchange) admitted(w http.ResponseWriter, r *http.Request, got tokenResponse, cookie string) {
	if !x.keep(w, r, got, cookie) {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: entryCookie, Value: got.AccessToken, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	})
	x.lead(w, x.here())
}
