package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/apps/login/password"
)

// InvitationLink is the address of an invitation at a login host.
func InvitationLink(origin, code string) string {
	return origin + "/invitation?" + url.Values{"code": {code}}.Encode()
}

func (s *Server) invitationPage(w http.ResponseWriter, r *http.Request) {
	code := r.FormValue("code")
	p, err := s.Store.Invited(r.Context(), code)
	if err != nil {
		s.noInvitation(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "invitation", page{Title: "Invitation", Name: p.Name, Code: code})
}

// acceptInvitation sets the password and signs in.
func (s *Server) acceptInvitation(w http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("code")
	p, err := s.Store.Invited(r.Context(), code)
	if err != nil {
		s.noInvitation(w, r, err)
		return
	}
	plain, problem := newPassword(r, p.Name)
	if problem != "" {
		s.show(w, r, http.StatusUnprocessableEntity, "invitation",
			page{Title: "Invitation", Name: p.Name, Code: code, Problem: problem})
		return
	}
	phc, err := s.hash(r.Context(), plain)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if p, err = s.Store.Accept(r.Context(), code, phc); err != nil {
		s.noInvitation(w, r, err)
		return
	}
	s.log(r).Info("invitation accepted", "person", p.Name)
	s.enter(w, r, p, destination{url: "/account"})
}

func (s *Server) noInvitation(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, account.ErrNoInvitation) {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusNotFound, "problem", page{Title: "Invitation", Problem: sentence(err)})
}

// newPassword reads a new password that was typed twice, or says what is wrong with it.
func newPassword(r *http.Request, name string) (plain, problem string) {
	plain = r.PostFormValue("new")
	if plain != r.PostFormValue("again") {
		return "", "The two new passwords differ. Type the same twice."
	}
	if err := password.Acceptable(name, plain); err != nil {
		return "", sentence(err)
	}
	return plain, ""
}
