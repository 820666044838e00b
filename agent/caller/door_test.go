package caller

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/state"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/problem"
)

func openTokens(t *testing.T, dir string) *Tokens {
	t.Helper()
	store, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := OpenTokens(store)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func create(t *testing.T, tokens *Tokens, n api.NewToken) api.IssuedToken {
	t.Helper()
	made, err := tokens.Create(With(t.Context(), Local(0)), n)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

const proxyUID = 990

// through asks as a peer with the uid does, and says who was led in.
func through(next http.Handler, uid uint32, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/debug/application", nil)
	r.Header = header
	w := httptest.NewRecorder()
	next.ServeHTTP(w, r.WithContext(apiserver.WithPeer(r.Context(), apiserver.Peer{UID: uid})))
	return w
}

func bearer(secret string) http.Header { return http.Header{"Authorization": {"Bearer " + secret}} }

func access(app string) http.Header {
	return http.Header{http.CanonicalHeaderKey(accessHeader): {app}}
}

func TestProxyDoor(t *testing.T) {
	tokens := openTokens(t, t.TempDir())
	token := create(t, tokens, api.NewToken{Name: "ci"})
	door := ProxyDoor{ProxyUID: proxyUID, Tokens: tokens, Log: slog.New(slog.DiscardHandler),
		Next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte(string(Of(r.Context()).Installer)))
		})}
	for name, c := range map[string]struct {
		uid    uint32
		header http.Header
		want   int
		who    string
	}{
		"token by the proxy":      {proxyUID, bearer(token.Secret), 200, "token:" + token.ID},
		"token by root":           {0, bearer(token.Secret), 200, "token:" + token.ID},
		"lower-case scheme":       {proxyUID, http.Header{"Authorization": {"bearer " + token.Secret}}, 200, "token:" + token.ID},
		"access token":            {proxyUID, access("admin"), 200, "access-token"},
		"access token of another": {proxyUID, access("shop"), 403, ""},
		"nothing":                 {proxyUID, http.Header{}, 401, ""},
		"nothing, by root":        {0, http.Header{}, 401, ""},
		"cookie":                  {proxyUID, http.Header{"Cookie": {"YRT=" + token.Secret}}, 401, ""},
		"wrong token":             {proxyUID, bearer(token.Secret + "x"), 401, ""},
		"hash as token":           {proxyUID, bearer(hashOf(token.Secret)), 401, ""},
		"basic, elsewhere":        {proxyUID, http.Header{"Authorization": {"Basic " + token.Secret}}, 401, ""},
		"token by anybody":        {1000, bearer(token.Secret), 403, ""},
		"word of anybody":         {1000, access("admin"), 403, ""},
	} {
		w := through(door, c.uid, c.header)
		if w.Code != c.want || (c.want == 200 && w.Body.String() != c.who) {
			t.Errorf("%s: got %d %s, want %d %s", name, w.Code, w.Body, c.want, c.who)
		}
		if c.want >= 400 && w.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s: not a problem document", name)
		}
		if (c.want == 401) != (w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("%s: WWW-Authenticate is %q", name, w.Header().Get("WWW-Authenticate"))
		}
	}
	if err := tokens.Revoke(t.Context(), token.ID); err != nil {
		t.Fatal(err)
	}
	if w := through(door, proxyUID, bearer(token.Secret)); w.Code != 401 {
		t.Errorf("revoked: got %d", w.Code)
	}
}

// TestRevokingEndsWhatIsOpen: a log that is followed, for example; expiry does, too.
func TestRevokingEndsWhatIsOpen(t *testing.T) {
	tokens := openTokens(t, t.TempDir())
	for name, end := range map[string]func(id string) error{
		"revoked": func(id string) error { return tokens.Revoke(t.Context(), id) },
		"expires": func(string) error { return nil },
	} {
		n := api.NewToken{Name: name}
		if name == "expires" {
			soon := time.Now().Add(50 * time.Millisecond)
			n.ExpiresAt = &soon
		}
		token := create(t, tokens, n)
		door := ProxyDoor{Tokens: tokens, Log: slog.New(slog.DiscardHandler),
			Next: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if err := end(token.ID); err != nil {
					t.Error(err)
				}
				<-r.Context().Done()
			})}
		through(door, 0, bearer(token.Secret))
		tokens.Revoke(t.Context(), token.ID)
		ctx, done := tokens.While(t.Context(), token.Token) // revoked since it was checked
		<-ctx.Done()
		done()
	}
	if len(tokens.lives) > 0 {
		t.Errorf("lives are left: %v", tokens.lives)
	}
}

func TestSocketDoor(t *testing.T) {
	door := SocketDoor(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := Of(r.Context())
		w.Write([]byte(string(who.Role) + " " + string(who.Installer)))
	}))
	for uid, want := range map[uint32]string{0: "owner root", 1000: "operator uid:1000"} {
		if got := through(door, uid, access("admin")).Body.String(); got != want {
			t.Errorf("uid %d is %q, want %q", uid, got, want)
		}
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Body.String() != " " {
		t.Errorf("whom the kernel does not name is %q", w.Body)
	}
}

// TestGitDoor: git sends a token as a password, on its path alone, and no bearer token there.
func TestGitDoor(t *testing.T) {
	tokens := openTokens(t, t.TempDir())
	token := create(t, tokens, api.NewToken{Name: "ci"})
	door := ProxyDoor{ProxyUID: proxyUID, Tokens: tokens, Log: slog.New(slog.DiscardHandler),
		Next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte(string(Of(r.Context()).Installer)))
		})}
	for name, c := range map[string]struct {
		path, user, password string
		want                 int
	}{
		"git":         {"/git/shop/info/refs", "anybody", token.Secret, 200},
		"wrong":       {"/git/shop/info/refs", "anybody", "wrong", 401},
		"as a name":   {"/git/shop/info/refs", token.Secret, "", 401},
		"another API": {"/v1/apps", "anybody", token.Secret, 401},
		"the folder":  {"/git", "anybody", token.Secret, 401},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.SetBasicAuth(c.user, c.password)
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r.WithContext(apiserver.WithPeer(r.Context(), apiserver.Peer{UID: proxyUID})))
		if w.Code != c.want {
			t.Errorf("%s: got %d, want %d", name, w.Code, c.want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/git/shop/info/refs", nil)
	r.Header = bearer(token.Secret)
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r.WithContext(apiserver.WithPeer(r.Context(), apiserver.Peer{UID: proxyUID})))
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") != `Basic realm="nexushub"` {
		t.Errorf("a bearer token: %d, %v", w.Code, w.Header())
	}
}

// Who was let in by a token that ends meanwhile is told so when asked again.
func TestStill(t *testing.T) {
	tokens := openTokens(t, t.TempDir())
	token := create(t, tokens, api.NewToken{Name: "ci"})
	door := ProxyDoor{ProxyUID: proxyUID, Tokens: tokens, Log: slog.New(slog.DiscardHandler),
		Next: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			who := Of(r.Context())
			if err := who.Still(); err != nil {
				t.Errorf("before: %v", err)
			}
			if err := tokens.Revoke(t.Context(), token.ID); err != nil {
				t.Error(err)
			}
			if err := who.Still(); !errors.Is(err, api.Unauthenticated) {
				t.Errorf("after: %v", err)
			}
		})}
	through(door, proxyUID, bearer(token.Secret))
	if err := Local(1000).Still(); err != nil {
		t.Errorf("without a token: %v", err)
	}
}
