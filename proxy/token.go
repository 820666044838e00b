package proxy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/proxy/accesstoken"
)

// maxToken is the longest refresh token that fits into a cookie.
const maxToken = 3800

// setToken stores the refresh token that the login application sends the browser
// with, and leads on to where the user wanted to go.
func (x *exchange) setToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	token, next := q.Get("token"), q.Get("continue")
	switch {
	case r.Method != http.MethodGet:
		errorPage{405, "A token is set by GET.", x}.ServeHTTP(w, r)
	case !isCookieValue(token):
		errorPage{400, "The parameter token is missing or malformed.", x}.ServeHTTP(w, r)
	case !x.sameSite(next):
		errorPage{400, "The parameter continue must lead to this site.", x}.ServeHTTP(w, r)
	default:
		x.setCookie(w, token)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Location", next)
		w.WriteHeader(http.StatusFound)
	}
}

// setCookie writes the cookie as existing clients know it.
func (x *exchange) setCookie(w http.ResponseWriter, token string) {
	http.SetCookie(w, &http.Cookie{
		Name: refreshCookie, Value: token, Path: "/", Domain: x.req.host(),
		HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode,
	})
}

func isCookieValue(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\",;\\", c) >= 0 {
			return false
		}
	}
	return s != "" && len(s) <= maxToken
}

// sameSite accepts a path on this host and an https URL of this host or, inside the
// domain, of another host of the domain. Browsers read '\' as '/' and drop tabs and
// line ends, so those are refused.
func (x *exchange) sameSite(next string) bool {
	for i := range len(next) {
		if next[i] <= ' ' || next[i] == '\\' || next[i] >= 0x7f {
			return false
		}
	}
	u, err := url.Parse(next)
	if err != nil || next == "" || u.User != nil {
		return false
	}
	if u.Scheme == "" && u.Host == "" {
		return strings.HasPrefix(next, "/") && !strings.HasPrefix(next, "//")
	}
	there, err := hostname.Parse(u.Host) // also what a browser would read as another name
	if u.Scheme != "https" || err != nil {
		return false
	}
	here, domain := x.req.host(), x.snap.table.Domain
	return here == there || (inDomain(here, domain) && inDomain(there, domain))
}

func inDomain(host, domain string) bool {
	return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
}

// accessToken exchanges the cookie for an access token of this instance through the
// login application, which also renews the refresh token.
func (x *exchange) accessToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if x.req.refreshCookies > 1 { // nobody knows which one is the user's
		x.forgetCookies(w)
		x.toLoginPage(w)
		return
	}
	cookie, err := r.Cookie(refreshCookie)
	if err != nil || !isCookieValue(cookie.Value) {
		x.toLoginPage(w)
		return
	}
	got, no, err := x.server.exchangeToken(r.Context(), x, cookie.Value)
	switch {
	case err != nil:
		x.failExchange(w, r, err)
	case no == nil:
		x.grant(w, r, got, cookie.Value)
	case no.status == http.StatusUnauthorized:
		x.server.grants.SignedOut(cookie.Value)
		x.toLoginPage(w)
	default:
		x.denied(w, no, cookie.Value)
	}
}

func (x *exchange) failExchange(w http.ResponseWriter, r *http.Request, err error) {
	x.fault = err
	errorPage{502, "The login application could not be asked.", x}.ServeHTTP(w, r)
}

// denied answers who is signed in but may not: he would be sent to and fro for ever.
func (x *exchange) denied(w http.ResponseWriter, no *denial, cookie string) {
	if no.status == http.StatusForbidden && x.grantsSlide() {
		x.server.grants.SignedOut(cookie)
	}
	x.refuse(w, no)
}

func (x *exchange) refuse(w http.ResponseWriter, no *denial) {
	h := w.Header()
	h.Set("Content-Type", no.mediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if no.retryAfter != "" {
		h.Set("Retry-After", no.retryAfter)
	}
	w.WriteHeader(no.status)
	w.Write(no.body)
}

func (x *exchange) grant(w http.ResponseWriter, r *http.Request, got tokenResponse, cookie string) {
	if x.keep(w, r, got, cookie) {
		writeJSON(w, http.StatusOK, map[string]string{"access_token": got.AccessToken})
	}
}

// keep makes the token known before the client learns of it. Otherwise it has answered why not.
func (x *exchange) keep(w http.ResponseWriter, r *http.Request, got tokenResponse, cookie string) bool {
	route := x.decision.route
	issue := accesstoken.Issue{
		Instance: route.Instance, Expires: got.Expiry.Time, Slides: x.grantsSlide(), Cookie: cookie,
	}
	if route.private {
		who, err := got.identity()
		if err != nil {
			x.fault = err
			errorPage{502, "The login application does not say who has signed in, as a private application needs it.",
				x}.ServeHTTP(w, r)
			return false
		}
		issue.Who = who
	}
	if isCookieValue(got.RefreshToken) {
		issue.Next = got.RefreshToken
	}
	if err := x.server.grants.Grant(got.AccessToken, issue); err != nil {
		x.fault = err
		errorPage{500, "The token could not be stored.", x}.ServeHTTP(w, r)
		return false
	}
	if issue.Next != "" {
		x.setCookie(w, issue.Next)
	}
	return true
}

// toLoginPage answers where to log in; clients look at the body, not at the status.
func (x *exchange) toLoginPage(w http.ResponseWriter) {
	writeJSON(w, http.StatusOK, map[string]string{"login_url": x.loginURL("/")})
}

func (x *exchange) loginURL(path string) string {
	host := "login." + x.snap.table.Domain
	if x.snap.login != nil && len(x.snap.login.Hosts) > 0 {
		host = x.snap.login.Hosts[0]
		host = strings.TrimSuffix(host, portOf(host))
	}
	return "https://" + host + portOf(x.req.authority) + path
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the client has left
}
