package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/apps/login/account"
)

func (s *Server) peoplePage(w http.ResponseWriter, r *http.Request, v visitor) {
	s.showPeople(w, r, http.StatusOK, v, page{})
}

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request, status int, v visitor, p page) {
	list, err := s.Store.People(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p.Title, p.Visitor, p.People = "People", &v.person, list
	s.show(w, r, status, "people", p)
}

// addPerson adds somebody, who gets in by an invitation.
func (s *Server) addPerson(w http.ResponseWriter, r *http.Request, v visitor) {
	p := account.Person{Name: account.NameOf(r.PostFormValue("name"))}
	p.Role, p.Applications = rights(r)
	id, err := s.Store.Add(r.Context(), p)
	if err != nil {
		s.refuseChange(w, r, v, err)
		return
	}
	p.ID = id
	s.log(r).Info("person added", "person", p.Name, "role", p.Role, "by", v.person.Name)
	s.invite(w, r, v, p)
}

func rights(r *http.Request) (api.Role, []string) {
	return api.Role(r.PostFormValue("role")), strings.Fields(strings.ReplaceAll(r.PostFormValue("applications"), ",", " "))
}

func (s *Server) invite(w http.ResponseWriter, r *http.Request, v visitor, p account.Person) {
	code, _, err := s.Store.Invite(r.Context(), p.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.log(r).Info("person invited", "person", p.Name, "by", v.person.Name)
	s.showPeople(w, r, http.StatusOK, v, page{Name: p.Name, Link: InvitationLink(s.home(r), code)})
}

func (s *Server) changePerson(w http.ResponseWriter, r *http.Request, v visitor) {
	p, err := s.Store.Find(r.Context(), r.PathValue("name"))
	if err != nil {
		s.refuseChange(w, r, v, err)
		return
	}
	do := r.PathValue("do")
	switch do {
	case "invite":
		s.invite(w, r, v, p)
		return
	case "rights":
		role, applications := rights(r)
		err = s.Store.SetRights(r.Context(), p.ID, role, applications)
	case "lock", "unlock":
		err = s.Store.SetLocked(r.Context(), p.ID, do == "lock")
	case "remove":
		err = s.Store.Remove(r.Context(), p.ID)
	default:
		s.notFound(w, r)
		return
	}
	if err != nil {
		s.refuseChange(w, r, v, err)
		return
	}
	s.log(r).Info("person changed", "person", p.Name, "change", do, "by", v.person.Name)
	redirect(w, "/people")
}

// refuseChange says what is wrong with a change, if that is the visitor's matter.
func (s *Server) refuseChange(w http.ResponseWriter, r *http.Request, v visitor, err error) {
	for _, known := range []error{
		account.ErrNoPerson, account.ErrTaken, account.ErrName, account.ErrRole, account.ErrLastOwner,
		account.ErrApplication,
	} {
		if errors.Is(err, known) {
			s.showPeople(w, r, http.StatusUnprocessableEntity, v, page{Problem: sentence(err)})
			return
		}
	}
	s.fail(w, r, err)
}
