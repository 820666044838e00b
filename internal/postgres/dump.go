package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"
)

// Databases are those of all applications, also of such as were removed and have left theirs. A
// host without PostgreSQL has none.
func (s *Server) Databases(ctx context.Context) ([]Database, error) {
	if !s.has(serverPrograms) {
		return nil, nil
	}
	out, err := s.run(ctx, asAdministrator("list"))
	if err != nil {
		return nil, s.explain(err)
	}
	var rows []struct{ User, Comment, Name string }
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		return nil, fmt.Errorf("PostgreSQL's answer %q is not understood: %w", out, err)
	}
	var list []Database
	for _, r := range rows {
		d := Database{Instance: instanceOf(r.Comment), User: r.User, Name: r.Name}
		if d.check() == nil && r.Name != d.incoming() && r.Name != d.outgoing() {
			list = append(list, d)
		}
	}
	return list, nil
}

// incoming is the name of the database while it is restored, outgoing that of the one that it replaces.
func (d Database) incoming() string { return d.User + "-new" }
func (d Database) outgoing() string { return d.User + "-old" }

// ErrDump says that what an application has stored cannot be restored as that application.
var ErrDump = errors.New("its dump cannot be restored")

const (
	// lockLimit bounds how long a dump waits for an application that locks its tables.
	lockLimit = "1min"
	// copyLimit bounds dump and restore, in which checks and indexes of the application's run.
	copyLimit = 6 * time.Hour
)

// Dump writes a database in pg_dump's own format, as the application. The archive has no owners and no
// rights: whoever restores it has both.
func (s *Server) Dump(ctx context.Context, d Database, to io.Writer) error {
	if err := d.check(); err != nil {
		return err
	}
	t := asApplication(d, tool{out: to, limit: copyLimit, argv: []string{"pg_dump", "--no-password", "--format=custom",
		"--compress=0", "--no-owner", "--no-acl", "--lock-wait-timeout=" + lockLimit, "--dbname=" + d.Name}})
	_, err := s.run(ctx, t)
	return s.explain(err)
}

// Stage restores a dump into a database beside the application's, as the application. It changes nothing else.
// The error wraps ErrDump where it is the application's own.
func (s *Server) Stage(ctx context.Context, d Database, dump io.Reader) error {
	if err := d.check(); err != nil {
		return err
	}
	if err := s.installed(); err != nil {
		return err
	}
	if err := s.remove(ctx, d, d.incoming()); err != nil { // of a restore that was killed
		return err
	}
	if _, err := s.create(ctx, d, d.incoming()); err != nil {
		return err
	}
	t := asApplication(d, tool{in: dump, limit: copyLimit, argv: []string{"pg_restore", "--no-password", "--format=custom",
		"--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", "--dbname=" + d.incoming()}})
	_, err := s.run(ctx, t)
	var f *failure
	if errors.As(err, &f) {
		return fmt.Errorf("%w: %w", ErrDump, err)
	}
	return err
}

// Swap puts what was staged in the place of the application's database; Undo is the way back.
func (s *Server) Swap(ctx context.Context, d Database) error {
	if err := s.remove(ctx, d, d.outgoing()); err != nil {
		return err
	}
	return s.exchange(ctx, d, d.incoming(), d.outgoing())
}

// Undo puts back what Swap has replaced.
func (s *Server) Undo(ctx context.Context, d Database) error {
	return s.exchange(ctx, d, d.outgoing(), d.incoming())
}

// Clean removes what was staged, and what was replaced.
func (s *Server) Clean(ctx context.Context, d Database) error {
	return errors.Join(s.remove(ctx, d, d.incoming()), s.remove(ctx, d, d.outgoing()))
}

func (s *Server) exchange(ctx context.Context, d Database, incoming, outgoing string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	f, err := s.facts(ctx, d, d.Name)
	if err == nil && f.Database != nil {
		err = f.foreign(d, d.Name)
	}
	if err == nil {
		_, err = s.run(ctx, asAdministrator("exchange", "role", d.User, "name", d.Name, "new", incoming, "old", outgoing))
	}
	return s.explain(err)
}

func (s *Server) remove(ctx context.Context, d Database, name string) error {
	_, err := s.run(ctx, asAdministrator("remove", "role", d.User, "name", name))
	return s.explain(err)
}

// File is the name of a database's dump in a backup.
func (d Database) File() string { return d.Name + "." + d.Instance + ".dump" }

var fileForm = regexp.MustCompile(`^([a-z0-9-]+)\.([0-9a-f-]{36})\.dump$`)

// ParseFile is the way back from File; user says which user an instance has.
func ParseFile(name string, user func(instance string) string) (d Database, ok bool) {
	m := fileForm.FindStringSubmatch(name)
	if m == nil || !instanceForm.MatchString(m[2]) {
		return d, false
	}
	d = Database{Instance: m[2], User: user(m[2]), Name: m[1]}
	return d, d.check() == nil
}
