package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/nexushub/nexushub/api"
)

func (s *Server) accountPage(w http.ResponseWriter, r *http.Request, v visitor) {
	s.showAccount(w, r, http.StatusOK, v, page{Done: doneWords[r.FormValue("done")]})
}

// doneWords are what the page says after a change; the address names them, so that nobody can make
// it say anything else.
var doneWords = map[string]string{
	"password": "The password is changed, and your other sessions are ended.",
	"session":  "The session is ended.",
	"sessions": "All other sessions are ended.",
}

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, status int, v visitor, p page) {
	list, err := s.Store.Sessions(r.Context(), v.person.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p.Title, p.Visitor, p.Session, p.Sessions = "Your account", &v.person, v.session, list
	s.show(w, r, status, "account", p)
}

// EntersAll says whether the visitor may enter every application.
func (p page) EntersAll() bool {
	return p.Visitor.Role.Includes(api.Operator) || len(p.Visitor.Applications) == 1 &&
		p.Visitor.Applications[0] == api.AllApplications
}

// changePassword needs the present one: a browser that was left open is not enough.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, v visitor) {
	_, wait, err := s.checkPassword(r, v.person.Name, r.PostFormValue("password"))
	switch {
	case wait > 0:
		s.showAccount(w, r, http.StatusTooManyRequests, v, page{Problem: "There were too many attempts. Try again later."})
		return
	case errors.Is(err, errWrong):
		s.showAccount(w, r, http.StatusUnprocessableEntity, v, page{Problem: "The current password is wrong."})
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	plain, problem := newPassword(r, v.person.Name)
	if problem != "" {
		s.showAccount(w, r, http.StatusUnprocessableEntity, v, page{Problem: problem})
		return
	}
	err = s.setPassword(r.Context(), v.person, plain)
	if err == nil {
		err = s.Store.EndOthers(r.Context(), v.person.ID, "")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.log(r).Info("password changed", "person", v.person.Name)
	s.enter(w, r, v.person, destination{url: "/account?done=password"})
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request, v visitor) {
	done, end := "session", func() error {
		return s.Store.End(r.Context(), v.person.ID, r.PostFormValue("session"))
	}
	if r.PostFormValue("others") != "" {
		done, end = "sessions", func() error { return s.Store.EndOthers(r.Context(), v.person.ID, v.session.ID) }
	}
	if err := end(); err != nil {
		s.fail(w, r, err)
		return
	}
	s.log(r).Info("session ended", "person", v.person.Name)
	redirect(w, "/account?done="+done)
}

// sentence is an error as a page says it.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
