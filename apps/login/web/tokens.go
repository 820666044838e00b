package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/internal/hostname"
)

// The proxy's question and the answer, with the names that it expects. User and Roles are more than
// other login applications say.
type tokenRequest struct {
	ApplicationID string
	RefreshToken  string
}

type tokenResponse struct {
	Expiry        time.Time
	RefreshToken  string
	AccessToken   string
	ApplicationID string
	User          string
	Roles         []api.Role
}

// proxySecretHeader carries what only the proxy has. Every application with areas has the internal
// secret.
const proxySecretHeader = "X-NexusHub-Proxy"

// ofProxy refuses who is not the proxy.
func (s *Server) ofProxy(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.InternalSecret == "" || !equal(bearer, s.InternalSecret) ||
			s.ProxySecret != "" && !equal(r.Header.Get(proxySecretHeader), s.ProxySecret) {
			s.log(r).Warn("a question of the proxy came from somebody else", "path", r.URL.Path)
			http.Error(w, "only the proxy may ask this", http.StatusUnauthorized)
			return
		}
		h(w, r)
	}
}

func equal(have, want string) bool {
	a, b := sha256.Sum256([]byte(have)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// accessToken exchanges a refresh token for an access token and the next refresh token.
func (s *Server) accessToken(w http.ResponseWriter, r *http.Request) {
	var ask tokenRequest
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || ask.ApplicationID == "" || ask.RefreshToken == "" {
		http.Error(w, "ApplicationID and RefreshToken are needed", http.StatusBadRequest)
		return
	}
	host, _ := hostname.Parse(r.Header.Get("X-Forwarded-Host")) // none: the proxy does not say
	got, err := s.Store.Exchange(r.Context(), ask.RefreshToken, host, ask.ApplicationID,
		func(p account.Person) bool { return p.MayEnter(ask.ApplicationID, s.Admin) })
	log := s.log(r).With("person", got.Person.Name, "instance", ask.ApplicationID)
	switch {
	case errors.Is(err, account.ErrNoSession): // the browser is sent to sign in
		log.Info("access token refused", "reason", err)
		http.Error(w, "not signed in", http.StatusUnauthorized)
	case errors.Is(err, account.ErrNoRight): // ... which would not help here
		log.Info("access token refused", "reason", err)
		http.Error(w, "You are signed in as "+got.Person.Name+", who may not use this application. "+
			"An owner of this host can allow it.", http.StatusForbidden)
	case err != nil:
		log.Error("access token refused", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	default:
		log.Info("access token issued")
		writeJSON(w, tokenResponse{
			time.Now().Add(s.Access).UTC().Truncate(time.Second), got.Next, got.Access, ask.ApplicationID,
			got.Person.Name, rolesOf(got.Person),
		})
	}
}

func rolesOf(p account.Person) []api.Role {
	if p.Role == "" {
		return []api.Role{}
	}
	return []api.Role{p.Role}
}

// introspection says of an access token that is good also who has it now.
type introspection struct {
	Active bool       `json:"active"`
	User   string     `json:",omitempty"`
	Roles  []api.Role `json:",omitempty"`
}

// introspect says whether an access token is still good (RFC 7662), and whose it is: as long as its
// session goes on and its person may enter. Its own expiry is the proxy's matter.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	p, err := s.Store.Holder(r.Context(), r.PostFormValue("token"), func(p account.Person, instance string) bool {
		return p.MayEnter(instance, s.Admin)
	})
	switch {
	case errors.Is(err, account.ErrNoSession), errors.Is(err, account.ErrNoRight):
		writeJSON(w, introspection{})
	case err != nil:
		s.log(r).Error("introspection failed", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	default:
		writeJSON(w, introspection{true, p.Name, rolesOf(p)})
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the proxy has left
}
