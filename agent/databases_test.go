package agent

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/postgres"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// fakeDatabases is a server that may be down, and writes down what it is asked.
type fakeDatabases struct {
	mu      sync.Mutex // guards the fields that follow
	down    error
	made    map[postgres.Database]int
	adopted []string
	dropped []string
	gone    string // whose data Adopt gives away
}

func (f *fakeDatabases) Ensure(_ context.Context, d postgres.Database) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down == nil {
		f.made[d]++
	}
	return f.down
}

func (f *fakeDatabases) Adopt(_ context.Context, d postgres.Database, discard bool, exists func(string) bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if exists(f.gone) {
		return postgres.ErrForeign
	}
	f.adopted, f.down = append(f.adopted, d.Name), nil
	return nil
}

func (f *fakeDatabases) Drop(_ context.Context, user string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped = append(f.dropped, user)
	return f.down
}

func (f *fakeDatabases) set(down error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

const mailID = "5b0b7f5e-0000-4000-8000-00000000000d"

// asks lets an application of apps.d have a database.
func asks(a *config.App) { a.Manifest.Services.PostgreSQL = true }

// Nothing of an application runs before its database is there, and the state says what is missing; once it is
// there the application starts by itself.
func TestDatabaseComesFirst(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shopID, "shop", asks)
		h.app(mailID, "mail")
		h.databases.set(errors.New("the server is down"))
		h.start()
		v := h.wantState(shopID, api.StateBackingOff)
		if !strings.Contains(v.Error, "services.postgresql: the server is down") || v.Database != "shop" {
			t.Errorf("error %q, database %q", v.Error, v.Database)
		}
		if list := h.unitsOf(shopID); len(list) > 0 {
			t.Errorf("it runs: %v", list)
		}
		h.wantState(mailID, api.StateRunning)
		h.databases.set(nil)
		h.pass(time.Minute)
		h.wantState(shopID, api.StateRunning)
		want := postgres.Database{Instance: shopID, User: units.User(shopID), Name: "shop"}
		if len(h.databases.made) != 1 || h.databases.made[want] == 0 {
			t.Errorf("made: %v", h.databases.made)
		}
	})
}

// A new revision whose database cannot be had does not replace the old.
func TestRevisionWithoutItsDatabaseIsGivenUp(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shopID, "shop")
		h.start()
		before := h.wantState(shopID, api.StateRunning).Unit
		h.databases.set(errors.New("the server is down"))
		asks(&h.config.Apps[0])
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(time.Minute)
		v := h.wantState(shopID, api.StateRunning)
		if v.Unit != before || !strings.Contains(v.Why, "the server is down") {
			t.Errorf("%s runs: %s", v.Unit, v.Why)
		}
	})
}

// A database keeps the name that it was given at first, whatever the application is called later.
func TestDatabaseIsNamedOnce(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shopID, "shop", asks)
		h.start()
		h.wantState(shopID, api.StateRunning)
		h.kill()
		h.config.Apps[0].HostName = "store"
		h.start()
		h.pass(time.Minute)
		if v := h.wantState(shopID, api.StateRunning); v.Name != "store" || v.Database != "shop" {
			t.Errorf("%s has %s", v.Name, v.Database)
		}
	})
}

// What another application has left is given by AdoptData alone, and not what one has that is there.
func TestAdoptData(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shopID, "shop", asks)
		h.app(mailID, "mail")
		h.databases.set(errors.New("it belongs to another application"))
		h.databases.gone = mailID
		h.start()
		if _, err := h.agent.AdoptData(t.Context(), "shop", false); !errors.Is(err, api.Conflict) {
			t.Errorf("data of one that is there: %v", err)
		}
		h.databases.gone = "99999999-2222-4333-8444-555555555555"
		if v, err := h.agent.AdoptData(t.Context(), "shop", false); err != nil || v.State != api.StateRunning {
			t.Errorf("%s: %v", v.State, err)
		}
		if _, err := h.agent.AdoptData(t.Context(), "mail", false); !errors.Is(err, api.Conflict) {
			t.Errorf("of one without a database: %v", err)
		}
	})
}

// Every process and replica of an application has the database, which is made once.
func TestEveryProcessHasTheDatabase(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shopID, "shop", asks, func(a *config.App) {
			a.Manifest.Processes = map[string]manifest.Process{"worker": {Exec: []string{"bin/worker"}}}
			a.Manifest.Replicas = 2
		})
		var mu sync.Mutex
		seen := map[string]string{}
		h.play(func(s units.Spec) fake.Program {
			mu.Lock()
			defer mu.Unlock()
			seen[units.Part(s.ProcessName(), s.ReplicaNumber())] = s.Database
			return fake.Program{}
		})
		h.start()
		h.pass(time.Minute)
		h.wantState(shopID, api.StateRunning)
		if want := map[string]string{"web.1": "shop", "web.2": "shop", "worker.1": "shop"}; !maps.Equal(seen, want) {
			t.Errorf("databases by process: %v, want %v", seen, want)
		}
		if len(h.databases.made) != 1 {
			t.Errorf("made: %v", h.databases.made)
		}
	})
}
