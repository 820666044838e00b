package account

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/api"
)

const (
	shop  = "11111111-2222-3333-4444-555555555555"
	wiki  = "66666666-2222-3333-4444-555555555555"
	admin = "18736e4f-93f9-4606-a7be-863c7986ea5b"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newStore(t *testing.T) *Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "login.db"))
}

func add(t *testing.T, s *Store, p Person) Person {
	t.Helper()
	if _, err := s.Add(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return find1(t, s, p.Name)
}

func find1(t *testing.T, s *Store, name string) Person {
	t.Helper()
	p, err := s.Find(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func anybody(Person) bool { return true }

func TestPeople(t *testing.T) {
	s := newStore(t)
	alice := add(t, s, Person{Name: "alice", Password: "x", Role: api.Owner})
	bob := add(t, s, Person{Name: "bob", Role: api.Viewer, Applications: []string{wiki, shop, shop}})
	if !slices.Equal(bob.Applications, []string{shop, wiki}) || bob.Role != api.Viewer || bob.Locked {
		t.Errorf("bob: %+v", bob)
	}
	for name, want := range map[string]error{
		"alice": ErrTaken, "": ErrName, "Alice": ErrName, "a b": ErrName, "al\u0456ce": ErrName, "-x": ErrName,
	} {
		if _, err := s.Add(t.Context(), Person{Name: name}); !errors.Is(err, want) {
			t.Errorf("add %q: %v", name, err)
		}
	}
	if _, err := s.Add(t.Context(), Person{Name: "x", Role: "king"}); !errors.Is(err, ErrRole) {
		t.Errorf("%v", err)
	}
	if _, err := s.Add(t.Context(), Person{Name: "y", Applications: []string{"x'--"}}); !errors.Is(err, ErrApplication) {
		t.Errorf("%v", err)
	}
	if _, err := s.Find(t.Context(), "y"); !errors.Is(err, ErrNoPerson) {
		t.Errorf("half a person was added: %v", err)
	}
	if err := s.SetRights(t.Context(), bob.ID, api.Operator, nil); err != nil {
		t.Fatal(err)
	}
	all, err := s.People(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != "alice" || all[1].Role != api.Operator ||
		len(all[1].Applications) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	for what, err := range map[string]error{
		"remove": s.Remove(t.Context(), alice.ID), "lock": s.SetLocked(t.Context(), alice.ID, true),
		"demote": s.SetRights(t.Context(), alice.ID, api.Operator, nil),
	} {
		if !errors.Is(err, ErrLastOwner) {
			t.Errorf("%s the last owner: %v", what, err)
		}
	}
	if p := find1(t, s, "alice"); p.Role != api.Owner || p.Locked {
		t.Errorf("a refused change was kept: %+v", p)
	}
	if err := s.Remove(t.Context(), bob.ID); err != nil {
		t.Error(err)
	}
}

func TestMayEnter(t *testing.T) {
	for _, c := range []struct {
		person   Person
		instance string
		want     bool
	}{
		{Person{}, shop, false},
		{Person{Applications: []string{shop}}, shop, true},
		{Person{Applications: []string{shop}}, wiki, false},
		{Person{Applications: []string{"*"}}, wiki, true},
		{Person{Applications: []string{"*"}, Locked: true}, wiki, false},
		{Person{Role: api.Developer}, shop, false},
		{Person{Role: api.Operator}, shop, true},
		{Person{Applications: []string{"*", admin}}, admin, false},
		{Person{Role: api.Viewer, Applications: []string{"*"}}, admin, false},
		{Person{Role: api.Developer}, admin, true},
		{Person{Role: api.Owner, Locked: true}, admin, false},
	} {
		if got := c.person.MayEnter(c.instance, admin); got != c.want {
			t.Errorf("%+v, %s: %v", c.person, c.instance, got)
		}
	}
}

func TestInvitation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		bob := add(t, s, Person{Name: "bob"})
		first, _, err := s.Invite(t.Context(), bob.ID)
		if err != nil {
			t.Fatal(err)
		}
		second, _, err := s.Invite(t.Context(), bob.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Invited(t.Context(), first); !errors.Is(err, ErrNoInvitation) {
			t.Errorf("a replaced invitation: %v", err)
		}
		if p, err := s.Invited(t.Context(), second); err != nil || p.Name != "bob" {
			t.Errorf("%+v, %v", p, err)
		}
		_, stolen, err := s.Begin(t.Context(), bob.ID, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if p, err := s.Accept(t.Context(), second, "phc"); err != nil || p.Name != "bob" {
			t.Errorf("%+v, %v", p, err)
		}
		if _, _, err := s.Session(t.Context(), stolen); !errors.Is(err, ErrNoSession) {
			t.Errorf("a session outlives the new password: %v", err)
		}
		if _, err := s.Accept(t.Context(), second, "other"); !errors.Is(err, ErrNoInvitation) {
			t.Errorf("used twice: %v", err)
		}
		if p := find1(t, s, "bob"); p.Password != "phc" {
			t.Errorf("password %q", p.Password)
		}
		third, _, err := s.Invite(t.Context(), bob.ID)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(InvitationLifetime)
		if _, err := s.Accept(t.Context(), third, "late"); !errors.Is(err, ErrNoInvitation) {
			t.Errorf("too late: %v", err)
		}
		s.Close()
	})
}

func TestSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		ctx := t.Context()
		bob, eve := add(t, s, Person{Name: "bob"}), add(t, s, Person{Name: "eve"})
		x, secret, err := s.Begin(ctx, bob.ID, "192.0.2.1", "Browser")
		if err != nil {
			t.Fatal(err)
		}
		other, _, err := s.Begin(ctx, bob.ID, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.End(ctx, eve.ID, x.ID); err != nil { // not hers
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		got, p, err := s.Session(ctx, secret)
		if err != nil || p.Name != "bob" || got.ID != x.ID || got.Address != "192.0.2.1" || got.Agent != "Browser" {
			t.Errorf("%+v of %s, %v", got, p.Name, err)
		}
		all, err := s.Sessions(ctx, bob.ID)
		if err != nil || len(all) != 2 || all[0].ID != x.ID || all[0].Used.Sub(all[0].Began) != time.Hour {
			t.Errorf("%+v, %v", all, err)
		}
		if err := s.EndOthers(ctx, bob.ID, x.ID); err != nil {
			t.Fatal(err)
		}
		if all, err = s.Sessions(ctx, bob.ID); err != nil || len(all) != 1 || all[0].ID == other.ID {
			t.Errorf("%+v, %v", all, err)
		}
		if err := s.SetLocked(ctx, bob.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Session(ctx, secret); !errors.Is(err, ErrNoSession) {
			t.Errorf("locked out: %v", err)
		}
		if err := s.SetLocked(ctx, bob.ID, false); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Session(ctx, secret); !errors.Is(err, ErrNoSession) {
			t.Errorf("a session comes back: %v", err)
		}
		_, secret, err = s.Begin(ctx, bob.ID, "", "")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(SessionLifetime)
		if _, _, err := s.Session(ctx, secret); !errors.Is(err, ErrNoSession) {
			t.Errorf("expired: %v", err)
		}
		s.Close()
	})
}

// linked begins a session of bob with a refresh token for a host.
func linked(t *testing.T, s *Store, host string) (session Session, token string) {
	t.Helper()
	session, _, err := s.Begin(t.Context(), find1(t, s, "bob").ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	token, err = s.Link(t.Context(), session.ID, host)
	if err != nil {
		t.Fatal(err)
	}
	return session, token
}

func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t)
		ctx := t.Context()
		add(t, s, Person{Name: "bob"})
		_, first := linked(t, s, "shop.example.org")
		got, err := s.Exchange(ctx, first, "", shop, anybody)
		if err != nil || got.Person.Name != "bob" || got.Next == first {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, err := s.Exchange(ctx, first, "shop.example.org", shop, anybody); err != nil {
			t.Errorf("a second tab at the same moment: %v", err)
		}
		nobody := func(Person) bool { return false }
		if _, err := s.Exchange(ctx, got.Next, "", shop, nobody); !errors.Is(err, ErrNoRight) {
			t.Errorf("%v", err)
		}
		alive := func(access string, may bool) bool {
			t.Helper()
			p, err := s.Holder(ctx, access, func(_ Person, instance string) bool { return may && instance == shop })
			if err != nil && !errors.Is(err, ErrNoSession) && !errors.Is(err, ErrNoRight) {
				t.Error(err)
			}
			return err == nil && p.Name == "bob"
		}
		if !alive(got.Access, true) || alive(got.Access, false) || alive("x", true) || alive("x.y.z", true) {
			t.Error("introspection")
		}
		time.Sleep(grace + time.Second)
		if _, err := s.Exchange(ctx, first, "", shop, anybody); !errors.Is(err, ErrReused) || !errors.Is(err, ErrNoSession) {
			t.Errorf("reuse: %v", err)
		}
		if _, err := s.Exchange(ctx, got.Next, "", shop, anybody); !errors.Is(err, ErrNoSession) {
			t.Errorf("the thief's session goes on: %v", err)
		}
		if alive(got.Access, true) {
			t.Error("the thief's access token is good")
		}
		s.Close()
	})
}

// A hosted application that has got at its own refresh token enters nothing else with it.
func TestRefreshTokenOfAnotherHost(t *testing.T) {
	s := newStore(t)
	add(t, s, Person{Name: "bob"})
	_, token := linked(t, s, "shop.example.org")
	if _, err := s.Exchange(t.Context(), token, "admin.example.org", admin, anybody); !errors.Is(err, ErrHost) {
		t.Fatalf("%v", err)
	}
	if _, err := s.Exchange(t.Context(), token, "shop.example.org", shop, anybody); !errors.Is(err, ErrNoSession) {
		t.Errorf("the session goes on: %v", err)
	}
}

func TestManyExchangesAreForgotten(t *testing.T) {
	s := newStore(t)
	add(t, s, Person{Name: "bob"})
	_, token := linked(t, s, "shop.example.org")
	for range remembered + 20 {
		got, err := s.Exchange(t.Context(), token, "", shop, anybody)
		if err != nil {
			t.Fatal(err)
		}
		token = got.Next
	}
	var n int
	if err := s.db.QueryRow("SELECT count(*) FROM refresh").Scan(&n); err != nil || n != remembered {
		t.Errorf("%d refresh tokens, %v", n, err)
	}
	if err := s.EndByRefresh(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if err := s.db.QueryRow("SELECT count(*) FROM refresh").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d refresh tokens of a session that is over, %v", n, err)
	}
}

func TestDevices(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	bob, eve := add(t, s, Person{Name: "bob"}), add(t, s, Person{Name: "eve"})
	mine, err := s.Remember(ctx, bob, "made up by somebody")
	if err != nil || mine == "made up by somebody" {
		t.Fatalf("%q, %v", mine, err)
	}
	if again, err := s.Remember(ctx, bob, mine); err != nil || again != mine {
		t.Errorf("%q, %v", again, err)
	}
	for _, c := range []struct {
		name, device string
		want         bool
	}{{"bob", mine, true}, {"eve", mine, false}, {"nobody", mine, false}, {"bob", "", false}, {"bob", "x", false}} {
		if got, err := s.Knows(ctx, c.name, c.device); got != c.want || err != nil {
			t.Errorf("%s, %q: %v, %v", c.name, c.device, got, err)
		}
	}
	if err := s.Remove(ctx, bob.ID); err != nil {
		t.Fatal(err)
	}
	if theirs, err := s.Remember(ctx, eve, mine); err != nil || theirs == mine {
		t.Errorf("a device of somebody else is taken over: %v", err)
	}
}

// No secret that was given out can be read from the files.
func TestSecretsAreNotInTheFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "login.db"))
	ctx := t.Context()
	bob := add(t, s, Person{Name: "bob"})
	x, secret, err := s.Begin(ctx, bob.ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Link(ctx, x.ID, "h")
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := s.Invite(ctx, bob.ID)
	if err != nil {
		t.Fatal(err)
	}
	device, err := s.Remember(ctx, bob, "")
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var all []byte
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	if !bytes.Contains(all, []byte(x.ID)) {
		t.Fatal("not even the id of the session is there: the search is broken")
	}
	for what, s := range map[string]string{"session": secret, "refresh": token, "invitation": code, "device": device} {
		if bytes.Contains(all, []byte(s)) {
			t.Errorf("the secret of the %s is in the files", what)
		}
	}
}

func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?#%.db")
	s := open(t, path)
	add(t, s, Person{Name: "bob"})
	second := open(t, path) // another program, and a later start
	if p := find1(t, second, "bob"); p.Name != "bob" {
		t.Error("data is gone")
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file has another name: %v", err)
	}
	raw, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "newer.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Exec("PRAGMA user_version = 1000"); err != nil {
		t.Fatal(err)
	}
	if err := (&Store{raw}).migrate(t.Context()); err == nil {
		t.Error("a database of a later version is opened")
	}
}

// Several programs open a new database at once.
func TestMigrationsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "login.db")
	failed := make(chan error, 4)
	for range cap(failed) {
		go func() {
			s, err := Open(context.Background(), path)
			if err == nil {
				err = s.Close()
			}
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}
