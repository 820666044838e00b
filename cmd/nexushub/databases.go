package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/archive"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/postgres"
	"github.com/nexushub/nexushub/units"
)

// dumps are the databases of all applications, for a backup. Each is made when its turn comes, in a file
// without a name beside the archive, where there is room for it.
func (c *cli) dumps(ctx context.Context, folder *beneath.Dir, note func(archive.Note)) (list []archive.Dump) {
	server := postgres.New()
	all, err := server.Databases(ctx)
	if err != nil {
		// A server that is down may be nobody's here.
		if ctx.Err() == nil && c.usesDatabases(ctx) {
			note(archive.Note{Tree: "databases", Text: "left out: " + err.Error(), Lost: true})
		}
		return nil
	}
	for _, d := range all {
		list = append(list, archive.Dump{Name: d.File(), File: func() (*os.File, error) {
			c.out.Step("dumping the database " + d.Name)
			f, err := folder.Pending("dump", 0o600)
			if err != nil {
				return nil, err
			}
			if err := server.Dump(ctx, d, f.File); err != nil {
				return nil, errors.Join(err, f.Discard())
			}
			return f.File, nil
		}})
	}
	return list
}

// usesDatabases says whether an application has a database, or nobody can tell.
func (c *cli) usesDatabases(ctx context.Context) bool {
	client, err := c.local()
	if err != nil {
		return true
	}
	apps, err := client.Apps(ctx)
	for _, a := range apps {
		if a.Database != "" {
			return true
		}
	}
	return err != nil
}

// restoredDatabases are those of an archive, in the server beside the ones that are in use.
type restoredDatabases struct {
	server *postgres.Server
	list   []postgres.Database
	swaps  int // how many have taken their place
}

// stageDatabases restores the dumps of an archive, each as its application. Nothing that is in use changes. What
// one application has stored in a way that cannot be restored is a note, and keeps nobody else from his.
func (c *cli) stageDatabases(
	ctx context.Context, stage *archive.Stage, note func(archive.Note),
) (*restoredDatabases, error) {
	r := &restoredDatabases{server: postgres.New()}
	for _, name := range stage.Dumps() {
		d, ok := postgres.ParseFile(name, units.User)
		if !ok {
			return r, fmt.Errorf("%q is no dump of an application's database: %w", name, api.Invalid)
		}
		c.out.Step("restoring the database " + d.Name)
		err := r.add(ctx, stage, name, d)
		switch {
		case errors.Is(err, postgres.ErrDump) && ctx.Err() == nil:
			note(archive.Note{Tree: d.Name, Text: "the database stays as it is: " + err.Error(), Lost: true})
		case err != nil:
			return r, fmt.Errorf("database %s: %w", d.Name, err)
		}
	}
	return r, nil
}

func (r *restoredDatabases) add(ctx context.Context, stage *archive.Stage, name string, d postgres.Database) error {
	f, err := stage.OpenDump(name)
	if err != nil {
		return err
	}
	defer f.Close()
	err = r.server.Stage(ctx, d, f)
	if errors.Is(err, postgres.ErrDump) {
		return errors.Join(err, r.server.Clean(context.WithoutCancel(ctx), d))
	}
	r.list = append(r.list, d)
	return err
}

// swap puts all of them in their places, or none.
func (r *restoredDatabases) swap(ctx context.Context) error {
	for _, d := range r.list {
		if err := r.server.Swap(ctx, d); err != nil {
			return errors.Join(fmt.Errorf("database %s: %w", d.Name, err), r.undo(ctx))
		}
		r.swaps++
	}
	return nil
}

// undo puts back what was replaced.
func (r *restoredDatabases) undo(ctx context.Context) error {
	var faults []error
	for ; r.swaps > 0; r.swaps-- {
		faults = append(faults, r.server.Undo(ctx, r.list[r.swaps-1]))
	}
	return errors.Join(faults...)
}

// close removes what was staged, or replaced.
func (r *restoredDatabases) close(ctx context.Context) error {
	var faults []error
	for _, d := range r.list {
		faults = append(faults, r.server.Clean(context.WithoutCancel(ctx), d))
	}
	return errors.Join(faults...)
}
