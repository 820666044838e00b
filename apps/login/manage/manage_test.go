package manage

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/apps/login/password"
)

const right = "correct horse battery"

func TestManage(t *testing.T) {
	store, err := account.Open(t.Context(), filepath.Join(t.TempDir(), "login.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	hasher := password.NewHasher(password.Cost{Memory: 64, Passes: 1, Threads: 1}, 1)
	ask := func(r api.PeopleRequest) (answer api.PeopleAnswer) {
		t.Helper()
		in, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := Serve(t.Context(), store, hasher, bytes.NewReader(in), &out); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(out.Bytes(), []byte("argon2id")) {
			t.Errorf("a hash is shown: %s", &out)
		}
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	role := func(r api.Role) *api.Role { return &r }
	if got := ask(api.PeopleRequest{Do: api.PeopleList}); len(got.People) != 0 || got.Problem != "" {
		t.Errorf("%+v", got)
	}
	got := ask(api.PeopleRequest{Do: api.PeopleAdd, Name: "Alice", Role: role(api.Owner), Password: right})
	if len(got.People) != 1 || got.People[0].Name != "alice" || got.People[0].State != "active" || got.Invitation != "" {
		t.Errorf("%+v", got)
	}
	got = ask(api.PeopleRequest{Do: api.PeopleAdd, Name: "bob", Applications: &[]string{"*"}})
	if got.People[0].State != "invited" || got.ExpiresAt == nil {
		t.Errorf("%+v", got)
	}
	if p, err := store.Invited(t.Context(), got.Invitation); err != nil || p.Name != "bob" {
		t.Errorf("%+v, %v", p, err)
	}
	got = ask(api.PeopleRequest{Do: api.PeopleRole, Name: "bob", Role: role(api.Viewer)})
	if got.People[0].Role != api.Viewer || len(got.People[0].Applications) != 1 {
		t.Errorf("%+v", got)
	}
	alice, err := store.Find(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := store.Begin(t.Context(), alice.ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if got = ask(api.PeopleRequest{Do: api.PeoplePassword, Name: "alice", Password: right + "!"}); got.Problem != "" {
		t.Errorf("%+v", got)
	}
	if _, _, err := store.Session(t.Context(), secret); err == nil {
		t.Error("a session outlives the password")
	}
	if got = ask(api.PeopleRequest{Do: api.PeopleLock, Name: "bob"}); got.People[0].State != "locked" {
		t.Errorf("%+v", got)
	}
	for what, r := range map[string]api.PeopleRequest{
		"last owner":                   {Do: api.PeopleRemove, Name: "alice"},
		"there is no such person":      {Do: api.PeopleInvite, Name: "nobody"},
		"there is a person":            {Do: api.PeopleAdd, Name: "bob"},
		"12 characters":                {Do: api.PeoplePassword, Name: "bob", Password: "short"},
		"needs at least 12 characters": {Do: api.PeoplePassword, Name: "bob"},
		"a role is":                    {Do: api.PeopleRole, Name: "bob", Role: role("king")},
		"instance ids":                 {Do: api.PeopleRole, Name: "bob", Applications: &[]string{"x"}},
		"does not know":                {Do: "dance", Name: "bob"},
	} {
		if got := ask(r); !strings.Contains(got.Problem, what) {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if got = ask(api.PeopleRequest{Do: api.PeopleRemove, Name: "bob"}); got.Problem != "" {
		t.Errorf("%+v", got)
	}
	for _, in := range []string{"", "x", `{"do":"list","unknown":1}`} {
		if err := Serve(t.Context(), store, hasher, strings.NewReader(in), new(bytes.Buffer)); err == nil {
			t.Errorf("%q is answered", in)
		}
	}
}
