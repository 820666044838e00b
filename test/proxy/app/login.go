package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// A login application that asks nobody for a password, and sends everybody back at once, logged in
// as whom the cookie "user" names: who meets it twice meets it for ever.

// signIn leads on to the page in the query's "continue".
func signIn(w http.ResponseWriter, r *http.Request) {
	user := r.FormValue("user")
	if user == "" {
		user = "everybody"
		if c, err := r.Cookie("user"); err == nil {
			user = c.Value
		}
	}
	next, err := url.Parse(r.FormValue("continue"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "user", Value: user, Path: "/", Secure: true})
	q := url.Values{"token": {user}, "continue": {next.String()}}
	http.Redirect(w, r, "https://"+next.Host+"/api/set_token?"+q.Encode(), http.StatusFound)
}

// exchange knows three users: "everybody" may enter, "stranger" may not, and nobody else
// is logged in.
func exchange(w http.ResponseWriter, r *http.Request) {
	var ask struct{ ApplicationID, RefreshToken string }
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch ask.RefreshToken {
	case "everybody":
		json.NewEncoder(w).Encode(map[string]any{ //nolint:errcheck // the proxy has left
			"ApplicationID": ask.ApplicationID, "RefreshToken": ask.RefreshToken,
			"AccessToken": "access-of-everybody", "Expiry": time.Now().Add(time.Hour),
		})
	case "stranger":
		http.Error(w, "You may not use this application.", http.StatusForbidden)
	default:
		http.Error(w, "not logged in", http.StatusUnauthorized)
	}
}
