package caller

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/ifmatch"
	"github.com/nexushub/nexushub/api"
)

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	tokens := openTokens(t, dir)
	one := create(t, tokens, api.NewToken{Name: "one"})
	soon := time.Now().Add(time.Minute)
	shop := []string{"shop"}
	two := create(t, tokens, api.NewToken{Name: "two", ExpiresAt: &soon, Role: api.Developer, Applications: shop})
	again := api.NewToken{Name: "one", Role: api.Operator}
	if _, err := tokens.Create(With(t.Context(), Local(0)), again); api.CodeOf(err) != api.Conflict {
		t.Errorf("a name twice: %v", err)
	}
	if len(one.Secret) < 40 || !strings.HasPrefix(one.Secret, tokenPrefix) {
		t.Errorf("secret %q", one.Secret)
	}
	tokens = openTokens(t, dir)
	list, err := tokens.List()
	if err != nil || len(list) != 2 || list[0].Name != "one" || list[1].Role != api.Developer ||
		list[1].IssuedBy != "root" {
		t.Errorf("got %+v, %v", list, err)
	}
	if found, ok := tokens.Check(one.Secret); !ok || found.ID != one.ID || found.LastUsedAt == nil {
		t.Errorf("got %+v %v", found, ok)
	}
	if err := tokens.Revoke(t.Context(), "three"); api.CodeOf(err) != api.NotFound {
		t.Errorf("got %v", err)
	}
	if err := tokens.Revoke(t.Context(), "two"); err != nil {
		t.Error(err)
	}
	tokens = openTokens(t, dir)
	if _, ok := tokens.Check(two.Secret); ok {
		t.Error("revoked, and known after a restart")
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

// TestTokensOfBefore: an earlier version wrote testdata/tokens.json; its token opens what it opened.
func TestTokensOfBefore(t *testing.T) {
	dir := t.TempDir()
	before, err := os.ReadFile("testdata/tokens.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokens.json"), before, 0o600); err != nil {
		t.Fatal(err)
	}
	tokens := openTokens(t, dir)
	found, ok := tokens.Check("nxh_fMIFGeKiBWpndUnJmIYeW24XR50DsJhmj39yTcd-QAA")
	if !ok || found.Name != "ci" || found.Role != "" {
		t.Fatalf("got %+v, %v", found, ok)
	}
	who := Bearer(found)
	for route := range rights {
		method, path, _ := strings.Cut(route, " ")
		if _, err := who.May(method, path); (err == nil) != strings.HasPrefix(path, "/debug/") {
			t.Errorf("%s: %v", route, err)
		}
	}
	for route := range deploying {
		method, path, _ := strings.Cut(route, " ")
		if r, err := who.May(method, debugPrefix+path); err != nil || r.Scope != Own {
			t.Errorf("%s: %+v, %v", route, r, err)
		}
		if _, err := who.May(method, deployedPrefix+path); api.CodeOf(err) != api.Forbidden {
			t.Errorf("%s: %v", route, err)
		}
	}
}

// TestAnEarlierVersionReadsNoRoles: to it, a token is for every debug application.
func TestAnEarlierVersionReadsNoRoles(t *testing.T) {
	dir := t.TempDir()
	tokens := openTokens(t, dir)
	create(t, tokens, api.NewToken{Name: "plain"})
	create(t, tokens, api.NewToken{Name: "look", Role: api.Viewer, Applications: []string{"shop"}})
	var names []string
	var stored []storedToken
	if _, err := tokens.state.Load("tokens", &stored); err != nil {
		t.Fatal(err)
	}
	for _, o := range stored {
		names = append(names, o.Name)
	}
	if !reflect.DeepEqual(names, []string{"plain"}) {
		t.Errorf("an earlier version would let in %q", names)
	}
}

// TestTokensIfMatch: a change of another list than was read is refused, whatever else of it is right.
func TestTokensIfMatch(t *testing.T) {
	tokens := openTokens(t, t.TempDir())
	seen := tokens.Tag()
	one := create(t, tokens, api.NewToken{Name: "one"})
	stale := ifmatch.With(With(t.Context(), Local(0)), seen)
	if _, err := tokens.Create(stale, api.NewToken{Name: "two"}); !errors.Is(err, api.Stale) {
		t.Errorf("create: %v", err)
	}
	if err := tokens.Revoke(stale, one.ID); !errors.Is(err, api.Stale) {
		t.Errorf("revoke: %v", err)
	}
	now := tokens.Tag()
	if _, ok := tokens.Check(one.Secret); !ok || tokens.Tag() != now || now == seen {
		t.Error("the tag is not that of the list")
	}
	if err := tokens.Revoke(ifmatch.With(t.Context(), now), one.ID); err != nil {
		t.Error(err)
	}
}
