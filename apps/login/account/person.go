package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
)

// Person is somebody who may sign in.
type Person struct {
	ID           int64
	Name         string
	Password     string   // PHC string; empty: none yet
	Role         api.Role // none: may only enter applications
	Applications []string // ids of the instances that the person may enter; [api.AllApplications]: all
	Locked       bool
	Created      time.Time
}

// What a change of people is refused for; the text is for whoever has asked.
var (
	ErrNoPerson  = errors.New("there is no such person")
	ErrTaken     = errors.New("there is a person of that name")
	ErrName      = errors.New("a name has 1 to 64 of the characters a-z, 0-9, '.', '_', '-', '+' and '@', and begins with a letter or digit")
	ErrRole      = errors.New("a role is viewer, developer, operator or owner, or none")
	ErrLastOwner = errors.New("this is the last owner who can sign in; make somebody else owner first")
)

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,63}$`)

// NameOf is a name as it is kept: people may write it with capital letters.
func NameOf(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// MayEnter says whether a person may have access tokens for an instance. Those for the admin
// application open the API by which applications are deployed, so they need that right whatever
// the person was granted.
func (p Person) MayEnter(instance, admin string) bool {
	switch {
	case p.Locked:
		return false
	case instance == admin:
		return p.Role.Includes(api.Developer)
	case p.Role.Includes(api.Operator):
		return true
	}
	return slices.Contains(p.Applications, instance) || slices.Contains(p.Applications, api.AllApplications)
}

func check(p Person) error {
	switch {
	case !nameForm.MatchString(p.Name):
		return ErrName
	case p.Role != "" && !p.Role.Known():
		return ErrRole
	}
	return nil
}

// Add adds a person, and returns the id.
func (s *Store) Add(ctx context.Context, p Person) (id int64, err error) {
	if err := check(p); err != nil {
		return 0, err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		var there bool
		err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM person WHERE name = ?)", p.Name).Scan(&there)
		if err != nil {
			return err
		}
		if there {
			return fmt.Errorf("%s: %w", p.Name, ErrTaken)
		}
		done, err := tx.ExecContext(ctx, "INSERT INTO person (name, password, role, created) VALUES (?, ?, ?, ?)",
			p.Name, p.Password, p.Role, time.Now().UnixMilli())
		if err != nil {
			return err
		}
		if id, err = done.LastInsertId(); err != nil {
			return err
		}
		return setApplications(ctx, tx, id, p.Applications)
	})
	return id, err
}

const selectPerson = `SELECT id, name, password, role, locked, created,
  (SELECT coalesce(group_concat(application, char(10)), '') FROM person_application WHERE person = id) FROM person `

type scanner interface{ Scan(...any) error }

func scanPerson(row scanner) (p Person, err error) {
	var created int64
	var applications string
	err = row.Scan(&p.ID, &p.Name, &p.Password, &p.Role, &p.Locked, &created, &applications)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNoPerson
	}
	p.Created = time.UnixMilli(created).UTC()
	p.Applications = strings.Fields(applications)
	slices.Sort(p.Applications)
	return p, err
}

// Find is the person of a name.
func (s *Store) Find(ctx context.Context, name string) (Person, error) {
	return scanPerson(s.db.QueryRowContext(ctx, selectPerson+"WHERE name = ?", name))
}

// People lists all of them, by name.
func (s *Store) People(ctx context.Context) (out []Person, err error) {
	rows, err := s.db.QueryContext(ctx, selectPerson+"ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		p, err := scanPerson(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// SetPassword replaces the password. Whoever is signed in stays so: ending that is the caller's.
func (s *Store) SetPassword(ctx context.Context, id int64, phc string) error {
	return s.update(ctx, "UPDATE person SET password = ? WHERE id = ?", phc, id)
}

// SetRights replaces role and applications.
func (s *Store) SetRights(ctx context.Context, id int64, role api.Role, applications []string) error {
	if role != "" && !role.Known() {
		return ErrRole
	}
	return s.keepingAnOwner(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE person SET role = ? WHERE id = ?", role, id); err != nil {
			return err
		}
		return setApplications(ctx, tx, id, applications)
	})
}

// SetLocked locks a person out, whose sessions end, or lets the person in again.
func (s *Store) SetLocked(ctx context.Context, id int64, locked bool) error {
	return s.keepingAnOwner(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE person SET locked = ? WHERE id = ?", locked, id); err != nil || !locked {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM session WHERE person = ?", id)
		return err
	})
}

// Remove removes a person with everything that belongs to the person.
func (s *Store) Remove(ctx context.Context, id int64) error {
	return s.keepingAnOwner(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM person WHERE id = ?", id)
		return err
	})
}

// keepingAnOwner refuses a change after which no owner could sign in, where one could before.
func (s *Store) keepingAnOwner(ctx context.Context, f func(*sql.Tx) error) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		before, err := owners(ctx, tx)
		if err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		after, err := owners(ctx, tx)
		if err == nil && before > 0 && after == 0 {
			err = ErrLastOwner
		}
		return err
	})
}

func owners(ctx context.Context, tx *sql.Tx) (n int, err error) {
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM person WHERE role = ? AND locked = 0 AND password <> ''",
		api.Owner).Scan(&n)
	return n, err
}

func setApplications(ctx context.Context, tx *sql.Tx, id int64, applications []string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM person_application WHERE person = ?", id); err != nil {
		return err
	}
	for _, a := range applications {
		if a != api.AllApplications && !applicationForm.MatchString(a) {
			return fmt.Errorf("%q is not the id of an application: %w", a, ErrApplication)
		}
		_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO person_application VALUES (?, ?)", id, a)
		if err != nil {
			return err
		}
	}
	return nil
}

// ErrApplication is a grant of something that can be no application.
var ErrApplication = errors.New("applications are given by their instance ids, or * for all")

var applicationForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// update changes one row, which must be there.
func (s *Store) update(ctx context.Context, query string, args ...any) error {
	done, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNoPerson)
	}
	return nil
}
