package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const adminHost = "admin.yesterday.localhost"

// sliding is a proxy with an agent, a login application and an admin application.
type sliding struct {
	*fixture
	t      *testing.T
	login  *slidingLogin
	began  chan string // requests that the agent waits in, by path
	out    *lockedBuffer
	tokens []string // every secret that was handed out
}

// notImplemented is an answer of slidingLogin.
const notImplemented = "not implemented"

// slidingLogin is a login application whose tokens have a short life.
type slidingLogin struct {
	life    atomic.Int64 // of access tokens
	asked   atomic.Int64
	answer  atomic.Value // string: of /internal/introspect; empty: 404
	refusal atomic.Int64 // status of the exchange instead of a token
	number  atomic.Int64
}

func (l *slidingLogin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, _ := l.answer.Load().(string)
	refusal := int(l.refusal.Load())
	switch {
	case strings.HasPrefix(r.URL.Path, logoutPath):
		switch r.URL.Query().Get("then") {
		case "refuse":
			w.WriteHeader(403)
		case "redirect":
			http.Redirect(w, r, "/", http.StatusSeeOther)
		case "cookie":
			http.SetCookie(w, &http.Cookie{Name: refreshCookie, MaxAge: -1, Path: "/"})
		}
	case r.Header.Get("Authorization") != "Bearer "+secret:
		w.WriteHeader(401)
	case r.URL.Path == "/internal/introspect" && answer != "":
		l.asked.Add(1)
		if r.PostFormValue("token") == "" || r.PostFormValue("token_type_hint") != "access_token" {
			w.WriteHeader(400)
			return
		}
		if answer == notImplemented {
			w.WriteHeader(501)
		}
		io.WriteString(w, answer)
	case r.URL.Path == "/internal/access_token" && refusal > 0:
		w.WriteHeader(refusal)
	case r.URL.Path == "/internal/access_token":
		var ask tokenRequest
		json.NewDecoder(r.Body).Decode(&ask)
		n := l.number.Add(1)
		json.NewEncoder(w).Encode(map[string]any{
			"Expiry": time.Now().Add(time.Duration(l.life.Load())), "ApplicationID": ask.ApplicationID,
			"RefreshToken": fmt.Sprintf("refresh-secret-%d", n), "AccessToken": fmt.Sprintf("access-secret-%d", n),
		})
	default:
		w.WriteHeader(404)
	}
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startSliding(t *testing.T, life time.Duration, change ...func(*Options)) *sliding {
	t.Helper()
	s := &sliding{t: t, login: &slidingLogin{}, began: make(chan string, 10), out: &lockedBuffer{}}
	s.login.life.Store(int64(life))
	change = append(change, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(s.out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	s.fixture = start(t, change...)
	socket := filepath.Join(t.TempDir(), "debug.sock")
	agent := &http.Server{Handler: http.HandlerFunc(s.agent)}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	go agent.Serve(l)
	t.Cleanup(func() { agent.Close() })
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "app") })
	tb := table(routeTo(t, loginID, "login.yesterday.localhost", s.login), routeTo(t, adminID, adminHost, ok), appRoute(t, ok))
	tb.AgentSocket = socket
	s.apply(tb)
	return s
}

// agent is the debug API, as far as it matters here.
func (s *sliding) agent(w http.ResponseWriter, r *http.Request) {
	kind := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	switch {
	case r.Header.Get("X-NexusHub-Access") != "admin":
		w.WriteHeader(401)
	case kind == "none":
		w.WriteHeader(404)
	case kind == "sse" || kind == "ndjson":
		w.Header().Set("Content-Type", map[string]string{"sse": "text/event-stream", "ndjson": "application/x-ndjson"}[kind])
		io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		s.began <- kind
		<-r.Context().Done()
	case kind == "upload":
		io.ReadFull(r.Body, make([]byte, 5))
		s.began <- kind
		io.Copy(io.Discard, r.Body)
	case kind == "silent":
		s.began <- kind
		<-r.Context().Done()
	}
}

// issue has a token granted for the application of a host.
func (s *sliding) issue(c *http.Client, host, cookie string) (token, next string) {
	s.t.Helper()
	status, text, h := s.ask(c, "POST", host, "/api/access_token", "Cookie", "YRT="+cookie)
	var got map[string]string
	if err := json.Unmarshal([]byte(text), &got); err != nil || got["access_token"] == "" {
		s.t.Fatal(status, text, err)
	}
	next, _, _ = strings.Cut(strings.TrimPrefix(h.Get("Set-Cookie"), "YRT="), ";")
	s.tokens = append(s.tokens, got["access_token"], next)
	return got["access_token"], next
}

// ask sends a request to its end; headers come in pairs.
func (s *sliding) ask(c *http.Client, method, host, path string, headers ...string) (int, string, http.Header) {
	s.t.Helper()
	r, err := http.NewRequest(method, "https://"+host+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, body(s.t, resp), resp.Header
}

func (s *sliding) debug(c *http.Client, path, token string) int {
	s.t.Helper()
	status, _, _ := s.ask(c, "GET", adminHost, "/debug/application"+path, "Authorization", "Bearer "+token)
	return status
}

// checkLog makes sure that neither log nor metrics have a secret.
func (s *sliding) checkLog() {
	s.t.Helper()
	c := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.socket)
	}}}
	resp, err := c.Get("http://proxy/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	metrics := body(s.t, resp)
	c.CloseIdleConnections()
	s.stop()
	for _, token := range s.tokens {
		if strings.Contains(s.out.String(), token) || strings.Contains(metrics, token) {
			s.t.Errorf("log or metrics have %s", token)
		}
	}
}

// TestClientKeepsItsToken: in use on /debug, a token is good beyond the time that it was
// issued for; the same token unused, or with sliding off, is not.
func TestClientKeepsItsToken(t *testing.T) {
	s := startSliding(t, 2*time.Second)
	both(t, s.fixture, func(t *testing.T, c *http.Client) {
		used, _ := s.issue(c, adminHost, "cookie")
		unused, _ := s.issue(c, adminHost, "cookie")
		eventually(t, "the unused token ends", func() bool {
			if status := s.debug(c, "", used); status != 200 {
				t.Fatalf("in use: %d", status)
			}
			return !s.server.grants.Valid(unused, adminID)
		})
		if status := s.debug(c, "", unused); status != 401 {
			t.Errorf("unused: %d", status)
		}
	})
	s.checkLog()
}

// TestOnlyUseOfTheDebugAPISlides: everything else that carries the token, or resembles it, is no use
// of the grant.
func TestOnlyUseOfTheDebugAPISlides(t *testing.T) {
	s := startSliding(t, 2*time.Second)
	both(t, s.fixture, func(t *testing.T, c *http.Client) {
		token, next := s.issue(c, adminHost, "cookie")
		app, _ := s.issue(c, appHost, "cookie")
		if status := s.debug(c, "", app); status != 401 {
			t.Fatalf("the token of an ordinary application on /debug: %d", status)
		}
		auth := []string{"Authorization", "Bearer " + token}
		requests := []struct {
			method, host, path string
			headers            []string
		}{
			{"GET", adminHost, "/api/x", auth},
			{"GET", adminHost, "/public/x", auth},
			{"GET", adminHost, "/debug", auth},
			{"GET", adminHost, "/debug/applications", auth},
			{"GET", appHost, "/debug/application", auth}, // no API host
			{"GET", appHost, "/api/x", append([]string{"X-Application-Id", adminID}, auth...)},
			{"GET", "internal.yesterday.localhost", "/api/x", append([]string{"X-Application-Id", adminID}, auth...)},
			{"GET", "internal.yesterday.localhost", "/debug/application", []string{"X-Application-Id", adminID}},
			{"GET", adminHost, "/debug/application/none", auth},
			{"GET", adminHost, "/debug//application", auth},
			{"GET", adminHost, "/debug/application", nil},
			{"GET", adminHost, "/debug/application?access_token=" + token, nil},
			{"GET", adminHost, "/debug/application", []string{"Cookie", "YRT=" + next}},
			{"GET", adminHost, "/debug/application", []string{"Authorization", "Bearer " + token + "x"}},
			{"GET", adminHost, "/debug/application", []string{"Authorization", "Basic " + token}},
			{"GET", adminHost, "/debug/application", []string{"Authorization", "Bearer x, Bearer " + token}},
			{"GET", adminHost, "/debug/application", []string{"X-NexusHub-Access", "admin"}},
			{"GET", adminHost, "/debug/application", append([]string{"X-NexusHub-Access", "admin"}, "Authorization", "Bearer "+app)},
		}
		eventually(t, "the token ends", func() bool {
			for _, r := range requests {
				s.ask(c, r.method, r.host, r.path, r.headers...)
			}
			return !s.server.grants.Valid(token, adminID) && !s.server.grants.Valid(app, appID)
		})
	})
	s.checkLog()
}

func TestTokenOfTheApplicationNeverSlides(t *testing.T) {
	s := startSliding(t, time.Second)
	token, _ := s.issue(s.http(true), appHost, "cookie")
	eventually(t, "the token ends", func() bool {
		status, _, _ := s.ask(s.http(true), "GET", appHost, "/api/x", "Authorization", "Bearer "+token)
		return status == 401
	})
}

// TestRevokedSessionIsCut: log streams and uploads that are open end, whatever they wait for.
func TestRevokedSessionIsCut(t *testing.T) {
	s := startSliding(t, time.Hour, func(o *Options) {
		o.Introspect, o.StallTimeout = 50*time.Millisecond, time.Minute
	})
	both(t, s.fixture, func(t *testing.T, c *http.Client) {
		s.login.answer.Store(`{"active":true}`)
		token, _ := s.issue(c, adminHost, "cookie")
		bystander, _ := s.issue(c, appHost, "cookie")
		want := map[string]string{"sse": "200, whole", "ndjson": "200, cut", "upload": "401, whole", "silent": "401, whole"}
		ends := map[string]<-chan string{}
		for kind := range want {
			ends[kind] = s.open(t, c, kind, token)
		}
		asked := s.login.asked.Load()
		eventually(t, "the login application is asked while the requests are open", func() bool {
			return s.login.asked.Load() > asked
		})
		for kind, ended := range ends {
			select {
			case got := <-ended:
				t.Fatalf("%s ended before: %s", kind, got)
			default:
			}
		}
		s.login.answer.Store(`{"active":false}`)
		for kind, ended := range ends {
			if got := soonest(t, kind, ended); got != want[kind] {
				t.Errorf("%s: %s, want %s", kind, got, want[kind])
			}
		}
		if status := s.debug(c, "", token); status != 401 {
			t.Errorf("afterwards: %d", status)
		}
		if !s.server.grants.Valid(bystander, appID) {
			t.Error("the token of another application has ended too")
		}
	})
	s.checkLog()
}

// soonest is what comes, if it comes at all.
func soonest(t *testing.T, what string, from <-chan string) string {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(30 * time.Second):
		t.Fatal("never: " + what + " ends")
	}
	return ""
}

// open sends a request that stays open, and says how it ends.
func (s *sliding) open(t *testing.T, c *http.Client, kind, token string) <-chan string {
	t.Helper()
	var content io.Reader
	method := "GET"
	if kind == "upload" {
		in, out := io.Pipe()
		go io.WriteString(out, "piece, and nothing after it")
		t.Cleanup(func() { out.Close() })
		content, method = in, "POST"
	}
	r, err := http.NewRequest(method, "https://"+adminHost+"/debug/application/x/"+kind, content)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	ended := make(chan string, 1)
	go func() {
		resp, err := c.Do(r)
		if err != nil {
			ended <- err.Error()
			return
		}
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		ended <- fmt.Sprintf("%d, %s", resp.StatusCode, map[bool]string{true: "whole", false: "cut"}[err == nil])
	}()
	select {
	case <-s.began:
	case got := <-ended:
		t.Fatal(got)
	}
	return ended
}

// TestAnswersOfIntrospection: only a clear no is one.
func TestAnswersOfIntrospection(t *testing.T) {
	s := startSliding(t, time.Hour, func(o *Options) { o.Introspect = 20 * time.Millisecond })
	c := s.http(true)
	token, _ := s.issue(c, adminHost, "cookie")
	for _, answer := range []string{notImplemented, `{"active":true,"sub":"alice"}`, `{}`,
		`{"active":null}`, `{"active":"false"}`, `{"active":0}`,
		`[]`, `{"active":false`, `{"error":"x"}`, `<html>false</html>`, strings.Repeat(" ", 65<<10) + `{"active":false}`} {
		s.login.answer.Store(answer)
		asked := s.login.asked.Load()
		eventually(t, "a question", func() bool {
			if status := s.debug(c, "", token); status != 200 {
				t.Fatalf("%.40q: %d", answer, status)
			}
			return s.login.asked.Load() > asked+1
		})
	}
	if log := s.out.String(); strings.Contains(log, "could not be asked") {
		t.Errorf("an answer is taken for a fault: %s", log)
	}
	s.login.answer.Store(` {"active" : false, "token_type": null} `)
	eventually(t, "the token ends", func() bool { return s.debug(c, "", token) == 401 })
	s.checkLog()
}

// TestSignOut: what ends a session at the login application ends the slide of its grants.
func TestSignOut(t *testing.T) {
	s := startSliding(t, time.Hour)
	for name, out := range map[string]struct {
		method, path, cookie string
		status               int // of the exchange
		ends                 bool
	}{
		"form":               {"POST", logoutPath + "?then=redirect", "", 0, true},
		"form, page":         {"POST", logoutPath, "", 0, true},
		"link":               {"GET", logoutPath + "?then=redirect", "", 0, true},
		"link, cookie":       {"GET", logoutPath + "/now?then=cookie", "", 0, true},
		"page that asks":     {"GET", logoutPath, "", 0, false},
		"HEAD":               {"HEAD", logoutPath, "", 0, false},
		"refused":            {"POST", logoutPath + "?then=refuse", "", 0, false},
		"another session":    {"POST", logoutPath + "?then=redirect", "YRT=made-up", 0, false},
		"two cookies":        {"POST", logoutPath + "?then=redirect", "YRT=x; YRT=y", 0, false},
		"another path":       {"POST", "/public/login?then=redirect", "", 0, false},
		"session is unknown": {"POST", "/api/access_token", "", 401, true},
		"right is gone":      {"POST", "/api/access_token", "", 403, true},
		"login is down":      {"POST", "/api/access_token", "", 500, false},
		"too many":           {"POST", "/api/access_token", "", 429, false},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, s.fixture, func(t *testing.T, c *http.Client) {
				s.login.refusal.Store(0)
				token, next := s.issue(c, adminHost, "cookie")
				cookie := out.cookie
				if cookie == "" {
					cookie = "YRT=" + next
				}
				s.login.refusal.Store(int64(out.status))
				s.ask(c, out.method, adminHost, out.path, "Cookie", cookie)
				if ended := s.life(t, token) == "0"; ended != out.ends {
					t.Errorf("the slide has ended: %v", ended)
				}
			})
		})
	}
}

// life is how long a use moves the end of a grant, according to the file of the grants.
func (s *sliding) life(t *testing.T, token string) (seconds string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.opt.StateDir, "tokens"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if words := strings.Fields(line); len(words) == 6 && words[0] == fmt.Sprintf("%x", sha256.Sum256([]byte(token))) {
			seconds = words[4]
		}
	}
	return seconds
}

// TestNoAdminApplication: with no id for it, no token opens the debug API.
func TestNoAdminApplication(t *testing.T) {
	tb := table()
	tb.AdminInstance, tb.AgentSocket = "", "/run/nexushub/debug.sock"
	s, err := compile(tb, newTargets(inCommon()))
	if err != nil {
		t.Fatal(err)
	}
	d := s.decide(&request{authority: adminHost, path: "/debug/application", bearer: "token-" + appID}, someGrants{})
	if d.access != "" || d.action != actForward {
		t.Errorf("%+v", d)
	}
}
