package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"
)

// app answers what the proxy and browsers ask a login application.
type app struct {
	settings
	known    users
	sessions *sessions
	log      io.Writer
}

func newApp(s settings, log io.Writer) (*app, error) {
	known, err := loadUsers(s.users)
	if err != nil {
		return nil, err
	}
	kept, err := openSessions(filepath.Join(s.state, "sessions.json"), s.session)
	if err != nil {
		return nil, err
	}
	return &app{settings: s, known: known, sessions: kept, log: log}, nil
}

// handler refuses forms that another site sends (CrossOriginProtection).
func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /public/login", a.loginPage)
	mux.HandleFunc("POST /public/login", a.login)
	mux.HandleFunc("GET /public/logout", a.logoutPage)
	mux.HandleFunc("POST /public/logout", a.logout)
	mux.HandleFunc("POST /internal/access_token", a.accessToken)
	mux.HandleFunc("POST /internal/introspect", a.introspect)
	mux.HandleFunc("GET /api/status", a.status)
	mux.Handle("GET /{$}", http.RedirectHandler("/public/login", http.StatusFound))
	return http.NewCrossOriginProtection().Handler(limited(mux))
}

func limited(next http.Handler) http.Handler {
	const most = 64 << 10
	return http.MaxBytesHandler(next, most)
}

func (a *app) status(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, `{"status":"ok"}`)
}

// note writes one line to the log; never a token or a password.
func (a *app) note(r *http.Request, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Fprintf(a.log, "%s %s trace=%s: %s\n", r.Method, r.URL.Path, r.Header.Get("X-Trace-ID"), line)
}

// fail answers 500 and says why in the log alone.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	a.note(r, "failed: %v", err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}

func expiry(lifetime time.Duration) time.Time {
	return time.Now().Add(lifetime).UTC().Truncate(time.Second)
}
