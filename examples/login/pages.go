package main

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed *.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "*.html"))

// page is what the templates show.
type page struct {
	Continue string
	Problem  string
}

func (a *app) loginPage(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "login.html", page{Continue: r.FormValue("continue")})
}

func (a *app) logoutPage(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "logout.html", page{Continue: r.FormValue("continue")})
}

// login begins a session and sends the browser to the place where the proxy makes a
// cookie of the refresh token.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	name, next := r.FormValue("name"), r.FormValue("continue")
	base, next, ok := a.destination(r.Host, next)
	if !ok {
		a.show(w, r, http.StatusBadRequest, "login.html", page{Problem: "That address to continue at is not one of this site."})
		return
	}
	if !a.known.check(name, r.FormValue("password")) {
		a.note(r, "wrong name or password")
		a.show(w, r, http.StatusUnauthorized, "login.html", page{Continue: next, Problem: "Wrong name or password."})
		return
	}
	token, err := a.sessions.begin(name)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.note(r, "%s is logged in", name)
	q := url.Values{"token": {token}, "continue": {next}}
	redirect(w, base+"/api/set_token?"+q.Encode())
}

// logout ends the session and takes the cookie away.
func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("YRT"); err == nil {
		if err := a.sessions.end(c.Value); err != nil {
			a.fail(w, r, err)
			return
		}
	}
	http.SetCookie(w, &http.Cookie{
		Name: "YRT", Path: "/", Domain: nameOf(r.Host), MaxAge: -1,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode,
	})
	base, next, ok := a.destination(r.Host, r.FormValue("continue"))
	if !ok {
		base, next = "", "/"
	}
	if strings.HasPrefix(next, "/") {
		next = base + next
	}
	redirect(w, next)
}

// destination says on which host the cookie must be set so that the user arrives at
// next logged in: this one, or another one beside the login host. The refresh token
// goes there, so nowhere else.
func (a *app) destination(here, next string) (base, target string, ok bool) {
	if next == "" {
		return "", "/", true
	}
	if strings.ContainsAny(next, "\\\t\r\n ") {
		return "", "", false
	}
	u, err := url.Parse(next)
	if err != nil || u.User != nil {
		return "", "", false
	}
	if u.Scheme == "" && u.Host == "" {
		return "", next, strings.HasPrefix(next, "/")
	}
	_, parent, _ := strings.Cut(a.host, ".")
	beside := parent != "" && strings.HasSuffix(u.Hostname(), "."+parent)
	return "https://" + u.Host, next, u.Scheme == "https" && (u.Host == here || beside)
}

func (a *app) show(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, name, p); err != nil {
		a.note(r, "page: %v", err)
	}
}

// redirect leads on after a form; the token in the address stays out of Referer.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

func nameOf(host string) string {
	name, _, _ := strings.Cut(host, ":")
	return name
}
