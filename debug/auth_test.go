package debug

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/problem"
)

func (h *host) tokens() *Tokens { return h.server.o.Tokens.(*Tokens) }

// guardedAs calls the API as a peer with this uid would.
func (h *host) guardedAs(uid uint32, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/debug/application", nil)
	r.Header = header
	w := httptest.NewRecorder()
	h.server.guarded(w, r.WithContext(apiserver.WithPeer(r.Context(), apiserver.Peer{UID: uid})))
	return w
}

func TestAuthentication(t *testing.T) {
	h := newHost(t)
	h.server.o.ProxyUID = 990
	token, err := h.tokens().Create(api.NewToken{Name: "ci"})
	h.must(err)
	bearer := func(s string) http.Header { return http.Header{"Authorization": {"Bearer " + s}} }
	for name, c := range map[string]struct {
		uid    uint32
		header http.Header
		want   int
	}{
		"token by the proxy":      {990, bearer(token.Secret), 200},
		"token by root":           {0, bearer(token.Secret), 200},
		"lower-case scheme":       {990, http.Header{"Authorization": {"bearer " + token.Secret}}, 200},
		"access token":            {990, http.Header{http.CanonicalHeaderKey(accessHeader): {"admin"}}, 200},
		"access token of another": {990, http.Header{http.CanonicalHeaderKey(accessHeader): {"shop"}}, 403},
		"nothing":                 {990, http.Header{}, 401},
		"wrong token":             {990, bearer(token.Secret + "x"), 401},
		"hash as token":           {990, bearer(hashOf(token.Secret)), 401},
		"basic":                   {990, http.Header{"Authorization": {"Basic " + token.Secret}}, 401},
		"token by anybody":        {1000, bearer(token.Secret), 403},
		"word of anybody":         {1000, http.Header{http.CanonicalHeaderKey(accessHeader): {"admin"}}, 403},
	} {
		w := h.guardedAs(c.uid, c.header)
		if w.Code != c.want {
			t.Errorf("%s: got %d, want %d", name, w.Code, c.want)
		}
		if c.want >= 400 && w.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s: not a problem document", name)
		}
		if (c.want == 401) != (w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("%s: WWW-Authenticate is %q", name, w.Header().Get("WWW-Authenticate"))
		}
	}
	h.must(h.tokens().Revoke(token.ID))
	if w := h.guardedAs(990, bearer(token.Secret)); w.Code != 401 {
		t.Errorf("revoked: got %d", w.Code)
	}
}

// TestEveryPathIsGuarded: what is added to the API later, too.
func TestEveryPathIsGuarded(t *testing.T) {
	h := newHost(t)
	h.server.o.ProxyUID = 990
	for _, route := range h.server.routes().Routes() {
		r := httptest.NewRequest(http.MethodGet, route.Path, nil)
		r.Method = route.Method
		w := httptest.NewRecorder()
		h.server.guarded(w, r.WithContext(apiserver.WithPeer(r.Context(), apiserver.Peer{UID: 990})))
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s %s: got %d", route.Method, route.Path, w.Code)
		}
	}
}

func TestRunServesOnASocketAndEnds(t *testing.T) {
	h := newHost(t)
	token, err := h.tokens().Create(api.NewToken{Name: "ci"})
	h.must(err)
	path := filepath.Join(t.TempDir(), "debug.sock")
	ln, err := net.Listen("unix", path)
	h.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.server.Serve(ctx, ln) }()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial}}
	req, err := http.NewRequest(http.MethodGet, "http://x/debug/application", nil)
	h.must(err)
	req.Header.Set("Authorization", "Bearer "+token.Secret)
	req.Header.Set(apiserver.TraceHeader, "0f8fad5b-d9cb-469f-a165-70867728950e")
	res, err := client.Do(req)
	h.must(err)
	h.must(res.Body.Close())
	if res.StatusCode != 200 || res.Header.Get(apiserver.TraceHeader) != "0f8fad5b-d9cb-469f-a165-70867728950e" {
		t.Errorf("got %d, trace %q", res.StatusCode, res.Header.Get(apiserver.TraceHeader))
	}
	cancel()
	h.must(<-ended)
}

func TestTokens(t *testing.T) {
	h := newHost(t)
	one, err := h.tokens().Create(api.NewToken{Name: "one"})
	h.must(err)
	soon := time.Now().Add(time.Minute)
	_, err = h.tokens().Create(api.NewToken{Name: "two", ExpiresAt: &soon})
	h.must(err)
	past := time.Now().Add(-time.Minute)
	for _, bad := range []api.NewToken{{Name: ""}, {Name: "one"}, {Name: "x\n"}, {Name: "x", ExpiresAt: &past}} {
		if _, err := h.tokens().Create(bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
	if len(one.Secret) < 40 || !strings.HasPrefix(one.Secret, tokenPrefix) {
		t.Errorf("secret %q", one.Secret)
	}
	h.start()
	list, err := h.tokens().List()
	if err != nil || len(list) != 2 || list[0].Name != "one" {
		t.Errorf("got %+v, %v", list, err)
	}
	if found, ok := h.tokens().Check(one.Secret); !ok || found.ID != one.ID || found.LastUsedAt == nil {
		t.Errorf("got %+v %v", found, ok)
	}
	if err := h.tokens().Revoke("three"); api.CodeOf(err) != api.NotFound {
		t.Errorf("got %v", err)
	}
	h.must(h.tokens().Revoke("two"))
	raw, err := filepath.Glob(filepath.Join(h.dir, "state", tokensName+".json"))
	if err != nil || len(raw) != 1 {
		t.Errorf("got %v, %v", raw, err)
	}
}

func TestExpiredTokenIsRefused(t *testing.T) {
	tokens := &Tokens{tokens: []storedToken{{SHA256: hashOf("s")}}}
	if _, ok := tokens.Check("s"); !ok {
		t.Error("refused")
	}
	past := time.Now().Add(-time.Second)
	tokens.tokens[0].ExpiresAt = &past
	if _, ok := tokens.Check("s"); ok {
		t.Error("accepted after its end")
	}
}
