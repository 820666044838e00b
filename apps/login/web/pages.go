package web

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/apps/login/password"
	"github.com/nexushub/nexushub/apps/ui"
)

//go:embed pages/*.html
var files embed.FS

// pages has for each name the frame with that page in it.
var pages = func() map[string]*template.Template {
	frame := template.Must(template.New("frame.html").Funcs(template.FuncMap{
		"date": func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
		"iso":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}).ParseFS(files, "pages/frame.html"))
	all := map[string]*template.Template{}
	for _, name := range []string{"sign-in", "sign-out", "invitation", "account", "people", "problem"} {
		all[name] = template.Must(template.Must(frame.Clone()).ParseFS(files, "pages/"+name+".html"))
	}
	return all
}()

// page is what the templates show.
type page struct {
	Title   string
	Problem string // what is wrong, and what to do
	Done    string // what was done

	Continue    string // where to go after signing in
	Destination string // which application that is
	Name        string

	Visitor  *account.Person
	Session  account.Session
	Sessions []account.Session

	People []account.Person
	Code   string // of an invitation
	Link   string // to hand to somebody
}

// Style is where the style sheet is.
func (page) Style() string { return ui.StylePath }

// LeastPassword is how many characters a password has.
func (page) LeastPassword() int { return password.Least }

// Roles are those that somebody can be given.
func (page) Roles() []api.Role { return []api.Role{api.Viewer, api.Developer, api.Operator, api.Owner} }

// IsOwner says whether the visitor may manage people.
func (p page) IsOwner() bool { return p.Visitor != nil && isOwner(*p.Visitor) }

func isOwner(p account.Person) bool { return p.Role.Includes(api.Owner) }

// show sends a page, once it is whole.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	var b bytes.Buffer
	if err := pages[name].Execute(&b, p); err != nil {
		s.log(r).Error("page could not be made", "page", name, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	ui.SetHeaders(w.Header(), s.formTargets(r)...)
	w.WriteHeader(status)
	w.Write(b.Bytes()) //nolint:errcheck // the browser has left
}

// formTargets are the hosts that a sign-in may lead to.
func (s *Server) formTargets(r *http.Request) []string {
	if s.domain == "" {
		return nil
	}
	port := portOf(r.Host)
	return []string{"https://" + s.domain + port, "https://*." + s.domain + port}
}
