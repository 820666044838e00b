package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/postgres"
	"github.com/nexushub/nexushub/units"
)

// Databases are in the PostgreSQL server of this host, see postgres.Server.
type Databases interface {
	Ensure(ctx context.Context, d postgres.Database) error
	Adopt(ctx context.Context, d postgres.Database, discard bool, exists func(instance string) bool) error
	Drop(ctx context.Context, user string) error
}

func databaseOf(s units.Spec) postgres.Database {
	return postgres.Database{Instance: s.Instance, User: units.User(s.Instance), Name: s.Database}
}

// provide makes sure that what an application uses of the host is there, before anything of it
// runs. Most often it is, and the application's own user finds that out.
func (e *executor) provide(ctx context.Context, s units.Spec) error {
	if s.Database == "" {
		return nil
	}
	if err := e.databases.Ensure(ctx, databaseOf(s)); err != nil {
		return fmt.Errorf("services.postgresql: %w", err)
	}
	return nil
}

// nameDatabase gives an application's database its name, for good: after the application, but a
// temporary one takes no name that a permanent one may want. The caller holds mu.
func (a *Agent) nameDatabase(d *plan.Desired) string {
	if !d.Manifest.Services.PostgreSQL {
		return ""
	}
	m := a.observed.memory(d.ID)
	if m.Database == "" {
		m.Database, a.loop.unsaved = d.Name, true
		if d.Kind == plan.KindDebug {
			m.Database = units.User(d.ID)
		}
	}
	return m.Database
}

// AdoptData gives an application the database of its name that another one has left, or with
// discard an empty one in its place, and starts the application.
func (a *Agent) AdoptData(ctx context.Context, nameOrID string, discard bool) (api.App, error) {
	a.mu.Lock()
	d, err := a.find(nameOrID)
	var app plan.Desired
	if err == nil {
		app = *d
	}
	a.mu.Unlock()
	switch {
	case err != nil:
		return api.App{}, err
	case app.Spec.Database == "":
		return api.App{}, fmt.Errorf("%s has no database: its manifest must say postgresql = true in [services]: %w", app.Name,
			api.Conflict)
	}
	err = a.exec.databases.Adopt(ctx, databaseOf(app.Spec), discard, a.exists)
	switch {
	case errors.Is(err, postgres.ErrNone):
		return api.App{}, fmt.Errorf("no application has left a database for %s: %w: %w", app.Name, err, api.NotFound)
	case errors.Is(err, postgres.ErrForeign), errors.Is(err, postgres.ErrTaken), errors.Is(err, postgres.ErrOwn):
		return api.App{}, fmt.Errorf("%w: %w", err, api.Conflict)
	case err != nil:
		return api.App{}, fmt.Errorf("%w: %w", err, api.Failed)
	}
	a.log.Warn("data of a removed application was given to another", "instance", app.ID, "app", app.Name,
		"database", app.Spec.Database, "discarded", discard)
	return a.StartApp(ctx, app.ID)
}

// exists says whether there is an application of that id, or something of it.
func (a *Agent) exists(instance string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.observed.known(instance)
	if i.memory != nil || len(i.units) > 0 || len(i.tasks) > 0 || !a.desired.complete {
		return true
	}
	_, err := a.find(instance)
	return err == nil
}

// HasData says whether an application has ever had a database.
func (p Provider) HasData(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.observed.known(id).memory
	return m != nil && m.Database != ""
}

// DropData drops the database of an application that is gone.
func (p Provider) DropData(ctx context.Context, id string) error {
	return p.exec.databases.Drop(ctx, units.User(id))
}
