package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/nexushub/nexushub/apps/login/account"
)

// Cookies of the login host. A browser takes one whose name begins with __Host- from that host
// itself alone, so no application of the domain can set it.
const (
	sessionCookie = "__Host-session"
	deviceCookie  = "__Host-device"
	// refreshCookie is that of every other host; the proxy sets it there and hands it to this
	// application only.
	refreshCookie = "YRT"
)

func setCookie(w http.ResponseWriter, name, value string, lasts time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lasts / time.Second),
		HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode, // sent when an application leads here
	})
}

func forgetCookie(w http.ResponseWriter, name string) { setCookie(w, name, "", -time.Second) }

// forgetRefresh takes the cookie of another host away.
func forgetRefresh(w http.ResponseWriter, host string) {
	http.SetCookie(w, &http.Cookie{
		Name: refreshCookie, Path: "/", Domain: host, MaxAge: -1,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode,
	})
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// begin signs a person in with this browser. A session that the browser had ends.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, p account.Person) (account.Session, error) {
	if before, err := s.visitor(r); err == nil {
		if err := s.Store.End(r.Context(), before.person.ID, before.session.ID); err != nil {
			return account.Session{}, err
		}
	}
	device, err := s.Store.Remember(r.Context(), p, cookie(r, deviceCookie))
	if err != nil {
		return account.Session{}, err
	}
	x, secret, err := s.Store.Begin(r.Context(), p.ID, addressOf(r).String(), agentOf(r))
	if err != nil {
		return x, err
	}
	setCookie(w, sessionCookie, secret, account.SessionLifetime)
	setCookie(w, deviceCookie, device, account.DeviceLifetime)
	return x, nil
}

// agentOf is what the browser calls itself, shortened.
func agentOf(r *http.Request) string {
	const most = 256
	text := strings.ToValidUTF8(r.UserAgent(), "")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}
