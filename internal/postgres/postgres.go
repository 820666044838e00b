// Package postgres gives applications databases in the PostgreSQL server of this host, the
// one that Debian's package runs. There is no password: the server asks the kernel who is
// at the other end of its unix socket (peer authentication), so the role of an application
// has the name of the user that its units run as.
//
// Nothing here speaks the server's protocol. What has to be done as the server's
// administrator is a fixed script of package sql, which psql runs as the user postgres in a
// transient unit that can do nothing but reach that socket. It only ever connects to the
// database "postgres", never to one in which an application decides what a name means. What
// an application could do itself, a dump for example, runs as the application's user.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"regexp"
	"sync"
)

// Socket is the folder in which the server listens; its name is the one that hosts and guests know.
const Socket = "/run/postgresql"

// Connections is how many a role may have at once when it is made: the server has a hundred
// for all.
const Connections = 40

// OldestVersion is PostgreSQL 15, of Debian 12: from then on nobody but its owner creates
// anything in a database.
const OldestVersion = 15

//go:embed sql
var scripts embed.FS

// Database is that of one application.
type Database struct {
	Instance string // UUID
	User     string // of its units, and the role
	Name     string
}

// What these names may be. They are quoted besides, by psql and the server.
var (
	instanceForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	userForm     = regexp.MustCompile(`^nh-[0-9a-f]{20}$`)
	nameForm     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// errName says that a name cannot be one of ours.
var errName = errors.New("is no name of an application's")

func (d Database) check() error {
	for _, n := range []struct {
		what, name string
		form       *regexp.Regexp
	}{{"instance", d.Instance, instanceForm}, {"role", d.User, userForm}, {"database", d.Name, nameForm}} {
		if !n.form.MatchString(n.name) {
			return fmt.Errorf("%s %q %w", n.what, n.name, errName)
		}
	}
	return nil
}

// Server is the one of this host. Its methods are safe for concurrent use.
type Server struct {
	run  func(context.Context, tool) (string, error)
	root string // "/", but in tests

	changing sync.Mutex // held while something is made or taken away
}

// New does not look for the server: it may be installed later.
func New() *Server { return &Server{run: runTool, root: "/"} }

// Ensure makes the role and the database of an application where they are missing, and then
// makes sure that the application gets in. What was interrupted is taken up again. Who has a
// database already and does not get in, because all his connections are in use for example,
// may start all the same.
func (s *Server) Ensure(ctx context.Context, d Database) error {
	if err := d.check(); err != nil {
		return err
	}
	if err := s.installed(); err != nil {
		return err
	}
	if s.letsIn(ctx, d) == nil {
		return nil
	}
	made, err := s.create(ctx, d, d.Name)
	if err != nil || !made {
		return err
	}
	if err := s.letsIn(ctx, d); err != nil {
		return fmt.Errorf("PostgreSQL does not let %s in: the first line of its pg_hba.conf that fits must be "+
			`"local all all peer", as in Debian: %w`, d.User, err)
	}
	return nil
}

// letsIn connects as the application does. Whose a database is, the server knows, and not
// its name.
func (s *Server) letsIn(ctx context.Context, d Database) error {
	owner, err := s.run(ctx, asApplication(d, psql(d.Name, "check")))
	if err == nil && owner != d.User {
		err = fmt.Errorf("it belongs to %s", owner)
	}
	return err
}

// create makes a database of a name, if it is not there; role and comment are the application's.
func (s *Server) create(ctx context.Context, d Database, name string) (made bool, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	f, err := s.facts(ctx, d, name)
	if err != nil {
		return false, err
	}
	missing, err := f.missing(d, name)
	if err != nil || !missing {
		return false, err
	}
	_, err = s.run(ctx, asAdministrator("create", "role", d.User, "name", name, "limit", fmt.Sprint(Connections),
		"comment", comment(d)))
	return true, s.explain(err)
}

// Adopt gives an application the database of its name that another one has left, or drops
// that one, if discard says so, so that the application gets an empty one. exists says
// whether an instance is there: it keeps what it has.
func (s *Server) Adopt(ctx context.Context, d Database, discard bool, exists func(instance string) bool) error {
	if err := d.check(); err != nil {
		return err
	}
	if err := s.installed(); err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	f, err := s.facts(ctx, d, d.Name)
	if err != nil {
		return err
	}
	old, err := f.left(d, exists)
	switch {
	case err != nil:
		return err
	case discard:
		_, err = s.run(ctx, asAdministrator("drop", "role", old))
	default:
		_, err = s.run(ctx, asAdministrator("adopt", "role", d.User, "old", old, "comment", comment(d)))
	}
	return err
}

// Drop takes away the role of a user with all it has. A host from which the server was removed has
// nothing that could be dropped.
func (s *Server) Drop(ctx context.Context, user string) error {
	if !userForm.MatchString(user) {
		return fmt.Errorf("role %q %w", user, errName)
	}
	if !s.has(serverPrograms) {
		return nil
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	_, err := s.run(ctx, asAdministrator("drop", "role", user))
	return s.explain(err)
}
