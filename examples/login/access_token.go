package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// The proxy's question and our answer, with the names that it expects. User and Roles are what
// private applications are told.
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
	Roles         []string
}

// introspection says of an access token that is good also who has it now.
type introspection struct {
	Active bool     `json:"active"`
	User   string   `json:",omitempty"`
	Roles  []string `json:",omitempty"`
}

// accessToken exchanges a refresh token for an access token and the next refresh token.
// Other programs of this host can reach our port: so the secret is checked here too.
func (a *app) accessToken(w http.ResponseWriter, r *http.Request) {
	if !a.isProxy(r) {
		http.Error(w, "the internal secret is needed", http.StatusUnauthorized)
		return
	}
	var ask tokenRequest
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || ask.ApplicationID == "" || ask.RefreshToken == "" {
		http.Error(w, "ApplicationID and RefreshToken are needed", http.StatusBadRequest)
		return
	}
	user, access, next, err := a.sessions.rotate(ask.RefreshToken, func(user string) bool {
		return a.known.mayEnter(user, ask.ApplicationID)
	})
	switch {
	case errors.Is(err, errNoSession): // the browser is sent to log in
		a.note(r, "refused: %v", err)
		http.Error(w, "not logged in", http.StatusUnauthorized)
	case errors.Is(err, errNoRight): // ... which would not help here
		a.note(r, "refused: %s may not enter %s", user, ask.ApplicationID)
		http.Error(w, "You are logged in as "+user+", who may not use this application.", http.StatusForbidden)
	case err != nil:
		a.fail(w, r, err)
	default:
		a.note(r, "%s enters %s", user, ask.ApplicationID)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(tokenResponse{ //nolint:errcheck // the proxy has left
			expiry(a.access), next, access, ask.ApplicationID, user, a.known[user].Roles,
		})
	}
}

// introspect says whether an access token is still good (RFC 7662): as long as the session is
// in which it was issued. Its own expiry is the proxy's matter, which extends it while it is in use.
func (a *app) introspect(w http.ResponseWriter, r *http.Request) {
	if !a.isProxy(r) {
		http.Error(w, "the internal secret is needed", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	var answer introspection
	if user, alive := a.sessions.alive(r.PostFormValue("token")); alive {
		answer = introspection{true, user, a.known[user].Roles}
	}
	json.NewEncoder(w).Encode(answer) //nolint:errcheck // the proxy has left
}

func (a *app) isProxy(r *http.Request) bool {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	have, want := sha256.Sum256([]byte(bearer)), sha256.Sum256([]byte(a.secret))
	return subtle.ConstantTimeCompare(have[:], want[:]) == 1
}
