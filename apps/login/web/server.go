// Package web is what the login application answers: to browsers pages for signing in and out, for
// one's own account and for the people of the host; to the proxy the exchange of a refresh token
// for an access token, and whether that is still good. Passwords are taken at the login host alone,
// because on every other one an application lives, whose scripts could read along.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/apps/login/password"
	"github.com/nexushub/nexushub/apps/login/throttle"
	"github.com/nexushub/nexushub/apps/ui"
)

// Options are what a Server needs to know.
type Options struct {
	Host           string // name of the login host; what it lies in is the domain
	Admin          string // instance id of the admin application
	InternalSecret string // who has it is of this host
	ProxySecret    string // who has it as well is the proxy; empty: there is none, the internal secret is enough
	Access         time.Duration
	Store          *account.Store
	Hasher         *password.Hasher
	Log            *slog.Logger
}

// Server answers requests.
type Server struct {
	Options
	domain   string // empty: the login host lies in none
	throttle *throttle.Throttle
}

// New makes a server.
func New(o Options) *Server {
	_, domain, _ := strings.Cut(o.Host, ".")
	return &Server{Options: o, domain: domain, throttle: throttle.New()}
}

// hashPatience is how long a request waits until its password can be looked at.
const hashPatience = 10 * time.Second

// Handler answers. What changes something is refused when a page of another origin asks for it;
// hosted applications are other origins, though of the same site.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ui.StylePath, ui.ServeStyle)
	mux.HandleFunc("GET /api/status", s.status)
	mux.HandleFunc("POST /internal/access_token", s.ofProxy(s.accessToken))
	mux.HandleFunc("POST /internal/introspect", s.ofProxy(s.introspect))
	mux.HandleFunc("GET /public/login", s.signInPage)
	mux.HandleFunc("POST /public/login", s.signIn)
	mux.HandleFunc("GET /public/logout", s.signOutPage)
	mux.HandleFunc("POST /public/logout", s.signOut)
	mux.HandleFunc("GET /{$}", s.atHome(s.front))
	mux.HandleFunc("GET /invitation", s.atHome(s.invitationPage))
	mux.HandleFunc("POST /invitation", s.atHome(s.acceptInvitation))
	mux.HandleFunc("GET /account", s.signedIn(s.accountPage))
	mux.HandleFunc("POST /account/password", s.signedIn(s.changePassword))
	mux.HandleFunc("POST /account/sessions", s.signedIn(s.endSession))
	mux.HandleFunc("GET /people", s.owner(s.peoplePage))
	mux.HandleFunc("POST /people", s.owner(s.addPerson))
	mux.HandleFunc("POST /people/{name}/{do}", s.owner(s.changePerson))
	mux.HandleFunc("/", s.notFound)
	return limited(http.NewCrossOriginProtection().Handler(mux))
}

func limited(next http.Handler) http.Handler {
	const most = 64 << 10
	return http.MaxBytesHandler(next, most)
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, `{"status":"ok"}`)
}

// visitor is who is signed in, and the request.
type visitor struct {
	person  account.Person
	session account.Session
}

// atHome answers at the login host alone.
func (s *Server) atHome(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.isHome(r) {
			s.notFound(w, r)
			return
		}
		h(w, r)
	}
}

func (s *Server) signedIn(h func(http.ResponseWriter, *http.Request, visitor)) http.HandlerFunc {
	return s.atHome(func(w http.ResponseWriter, r *http.Request) {
		switch v, err := s.visitor(r); {
		case errors.Is(err, account.ErrNoSession):
			redirect(w, "/public/login")
		case err != nil:
			s.fail(w, r, err)
		default:
			h(w, r, v)
		}
	})
}

// owner answers owners; to others the page is not there.
func (s *Server) owner(h func(http.ResponseWriter, *http.Request, visitor)) http.HandlerFunc {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, v visitor) {
		if !isOwner(v.person) {
			s.notFound(w, r)
			return
		}
		h(w, r, v)
	})
}

func (s *Server) visitor(r *http.Request) (v visitor, err error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return v, account.ErrNoSession
	}
	v.session, v.person, err = s.Store.Session(r.Context(), c.Value)
	return v, err
}

func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	if next := r.FormValue("continue"); next != "" {
		redirect(w, signInAt("", next))
		return
	}
	redirect(w, "/account")
}

// fail answers 500, and says why in the log alone.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the browser has left
	}
	status, text := http.StatusInternalServerError, "Something is wrong here."
	if errors.Is(err, context.DeadlineExceeded) {
		status, text = http.StatusServiceUnavailable, "Too many people are signing in at this moment. Try again soon."
		w.Header().Set("Retry-After", "5")
	}
	s.log(r).Error("request failed", "error", err)
	s.show(w, r, status, "problem", page{Title: "Problem", Problem: text})
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, "problem", page{Title: "Not found", Problem: "There is no such page here."})
}

// log ties lines to the proxy's log.
func (s *Server) log(r *http.Request) *slog.Logger {
	return s.Log.With("trace", r.Header.Get("X-Trace-ID"), "address", addressOf(r).String())
}

// redirect leads on after a form; what is in the address stays out of Referer.
func redirect(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}
