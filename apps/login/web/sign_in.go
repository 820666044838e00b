package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/apps/login/throttle"
)

const (
	wrong     = "Name or password is wrong."
	elsewhere = "The address to continue at is not one of this host. Open the application again and sign in from there."
)

// signInPage asks for name and password, or leads on who is signed in.
func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) {
	next := r.FormValue("continue")
	if !s.isHome(r) {
		redirect(w, signInAt(s.home(r), s.absolute(r, next)))
		return
	}
	to, ok := s.destination(r, next)
	if !ok {
		s.show(w, r, http.StatusBadRequest, "problem", page{Title: "Sign in", Problem: elsewhere})
		return
	}
	switch v, err := s.visitor(r); {
	case err == nil:
		s.leadOn(w, r, v.session, to)
	case errors.Is(err, account.ErrNoSession):
		s.show(w, r, http.StatusOK, "sign-in", page{Title: "Sign in", Continue: next, Destination: to.host})
	default:
		s.fail(w, r, err)
	}
}

// absolute is where a path of another host is, once the browser has left that host.
func (s *Server) absolute(r *http.Request, next string) string {
	if next == "" {
		next = "/"
	}
	if next[0] == '/' {
		return "https://" + r.Host + next
	}
	return next
}

// signIn checks name and password. Whatever is wrong, the answer is one and the same, and so is the
// work that it takes.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	if !s.isHome(r) { // and the password stays unread
		redirect(w, signInAt(s.home(r), s.absolute(r, r.URL.Query().Get("continue"))))
		return
	}
	name, next := account.NameOf(r.PostFormValue("name")), r.PostFormValue("continue")
	to, ok := s.destination(r, next)
	if !ok {
		s.show(w, r, http.StatusBadRequest, "problem", page{Title: "Sign in", Problem: elsewhere})
		return
	}
	p, wait, err := s.checkPassword(r, name, r.PostFormValue("password"))
	switch {
	case wait > 0:
		s.tooMany(w, r, "sign-in", wait, page{Title: "Sign in", Continue: next, Destination: to.host, Name: name})
	case errors.Is(err, errWrong):
		s.log(r).Info("sign-in refused")
		s.show(w, r, http.StatusUnauthorized, "sign-in",
			page{Title: "Sign in", Continue: next, Destination: to.host, Name: name, Problem: wrong})
	case err != nil:
		s.fail(w, r, err)
	default:
		s.enter(w, r, p, to)
	}
}

// enter begins the session of somebody who has shown who he is.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, p account.Person, to destination) {
	x, err := s.begin(w, r, p)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.log(r).Info("signed in", "person", p.Name, "session", x.ID)
	s.leadOn(w, r, x, to)
}

// leadOn sends the browser on: to a page here, or to the place where the proxy makes a cookie of
// the refresh token.
func (s *Server) leadOn(w http.ResponseWriter, r *http.Request, x account.Session, to destination) {
	if to.host == "" {
		redirect(w, to.url)
		return
	}
	token, err := s.Store.Link(r.Context(), x.ID, to.host)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	q := url.Values{"token": {token}, "continue": {to.url}}
	redirect(w, "https://"+to.host+to.port+"/api/set_token?"+q.Encode())
}

var errWrong = errors.New("wrong name or password")

// checkPassword finds who has a name and a password. Too many failures have to wait.
func (s *Server) checkPassword(r *http.Request, name, plain string) (p account.Person, wait time.Duration, err error) {
	device := cookie(r, deviceCookie)
	known, err := s.Store.Knows(r.Context(), name, device)
	if err != nil {
		return p, 0, err
	}
	attempt := throttle.Attempt{Account: name, Address: addressOf(r)}
	if known {
		attempt.Device = device
	}
	if wait = s.throttle.Begin(attempt); wait > 0 {
		return p, wait, nil
	}
	p, err = s.Store.Find(r.Context(), name)
	if err != nil && !errors.Is(err, account.ErrNoPerson) {
		return p, 0, err
	}
	ok, stale, err := s.hashCheck(r.Context(), p.Password, plain)
	switch {
	case err != nil:
		return p, 0, err
	case !ok || p.Locked:
		return p, 0, errWrong
	}
	s.throttle.Succeed(attempt)
	if stale {
		err = s.setPassword(r.Context(), p, plain)
	}
	return p, 0, err
}

func (s *Server) hashCheck(ctx context.Context, phc, plain string) (ok, stale bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	return s.Hasher.Check(ctx, phc, plain)
}

func (s *Server) setPassword(ctx context.Context, p account.Person, plain string) error {
	phc, err := s.hash(ctx, plain)
	if err != nil {
		return err
	}
	return s.Store.SetPassword(ctx, p.ID, phc)
}

func (s *Server) hash(ctx context.Context, plain string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	return s.Hasher.Hash(ctx, plain)
}

func (s *Server) tooMany(w http.ResponseWriter, r *http.Request, name string, wait time.Duration, p page) {
	seconds := int(wait/time.Second) + 1
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	s.log(r).Warn("too many failed attempts", "wait", wait)
	p.Problem = "There were too many attempts. Try again in " + inWords(seconds) + "."
	s.show(w, r, http.StatusTooManyRequests, name, p)
}

func inWords(seconds int) string {
	switch {
	case seconds == 1:
		return "a second"
	case seconds < 90:
		return strconv.Itoa(seconds) + " seconds"
	}
	return strconv.Itoa((seconds+59)/60) + " minutes"
}
