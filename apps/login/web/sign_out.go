package web

import (
	"errors"
	"net/http"

	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/internal/hostname"
)

func (s *Server) signOutPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "sign-out", page{Title: "Sign out", Continue: r.FormValue("continue")})
}

// signOut ends the session, and with it the way into every application. On another host the cookie
// of that host says which one.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	err := s.endHere(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	redirect(w, s.afterSignOut(r))
}

func (s *Server) endHere(w http.ResponseWriter, r *http.Request) error {
	if !s.isHome(r) {
		if host, err := hostname.Parse(r.Host); err == nil {
			forgetRefresh(w, host)
		}
		return s.Store.EndByRefresh(r.Context(), cookie(r, refreshCookie))
	}
	forgetCookie(w, sessionCookie)
	v, err := s.visitor(r)
	if err == nil {
		s.log(r).Info("signed out", "person", v.person.Name, "session", v.session.ID)
		return s.Store.End(r.Context(), v.person.ID, v.session.ID)
	}
	if errors.Is(err, account.ErrNoSession) {
		return nil
	}
	return err
}

// afterSignOut leads back to where somebody came from, if that is of this host's domain.
func (s *Server) afterSignOut(r *http.Request) string {
	next := r.PostFormValue("continue")
	switch to, ok := s.destination(r, next); {
	case ok && next != "":
		return to.url
	case s.isHome(r):
		return "/public/login"
	}
	return "/"
}
