package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// Errors that say whose a database is.
var (
	ErrTaken   = errors.New("it is not one of NexusHub's")
	ErrForeign = errors.New("it belongs to another application")
	ErrNone    = errors.New("there is no such database")
	ErrOwn     = errors.New("it belongs to the application already")
)

// facts are what the server has under the names of one application.
type facts struct {
	Version int `json:"version"`
	Role    *struct {
		Comment string `json:"comment"`
	} `json:"role"`
	Database *struct {
		Owner   string `json:"owner"`
		Comment string `json:"comment"` // of the owner
		Open    bool   `json:"open"`    // connections are allowed
		Public  bool   `json:"public"`  // to everybody
	} `json:"database"`
	Others []string `json:"others"` // further databases of the role
}

func (s *Server) facts(ctx context.Context, d Database, name string) (f facts, err error) {
	out, err := s.run(ctx, asAdministrator("facts", "role", d.User, "name", name))
	if err != nil {
		return f, s.explain(err)
	}
	if err := json.Unmarshal([]byte(out), &f); err != nil {
		return f, fmt.Errorf("PostgreSQL's answer %q is not understood: %w", out, err)
	}
	if f.Version < OldestVersion*10000 {
		return f, fmt.Errorf("PostgreSQL %d is too old, a database for an application needs %d or later: "+
			"pg_upgradecluster(1) brings data to a new version", f.Version/10000, OldestVersion)
	}
	return f, nil
}

// comment is what a role says of itself. An application can comment what it owns, but no
// role: the comment is the administrator's word.
func comment(d Database) string {
	return fmt.Sprintf("NexusHub application %s, instance %s", d.Name, d.Instance)
}

var commentForm = regexp.MustCompile(`^NexusHub application ([a-z0-9-]+), instance ([0-9a-f-]{36})$`)

// instanceOf is the instance that a comment names; empty: it is none of ours.
func instanceOf(comment string) string {
	if m := commentForm.FindStringSubmatch(comment); m != nil {
		return m[2]
	}
	return ""
}

// missing says whether something of an application's database is still to be made.
func (f facts) missing(d Database, name string) (bool, error) {
	if f.Role != nil && instanceOf(f.Role.Comment) != d.Instance {
		return false, fmt.Errorf("PostgreSQL has a role %s that NexusHub has not made (its comment is %q)", d.User, f.Role.Comment)
	}
	if f.Database == nil {
		if kept := f.elsewhere(d); name == d.Name && kept != "" {
			return false, fmt.Errorf("PostgreSQL has the data of the application as %q, and not as %q: rename it "+
				"(ALTER DATABASE ... RENAME TO)", kept, name)
		}
		return true, nil
	}
	if err := f.foreign(d, name); err != nil {
		return false, err
	}
	if !f.Database.Open && !f.Database.Public {
		return false, fmt.Errorf("the database %q takes no connections: its administrator has closed it "+
			"(ALTER DATABASE ... ALLOW_CONNECTIONS)", name)
	}
	return f.Database.Public || f.Role == nil, nil
}

// foreign says whose the database is, if it is not the application's.
func (f facts) foreign(d Database, name string) error {
	owner := f.Database
	if owner.Owner == d.User {
		return nil
	}
	other := instanceOf(owner.Comment)
	if other == "" || !userForm.MatchString(owner.Owner) {
		return fmt.Errorf("PostgreSQL has a database %q already, and %w: deploy the application under another name, "+
			"or rename that database", name, ErrTaken)
	}
	return fmt.Errorf("PostgreSQL has a database %q already, and %w (instance %s). If that one was removed, an operator can "+
		"give its data to this one: nexushub adopt-data %s", name, ErrForeign, other, name)
}

// left is the role that has the database of the application's name, and that nobody uses any more.
func (f facts) left(d Database, exists func(instance string) bool) (role string, err error) {
	switch {
	case f.Database == nil:
		return "", fmt.Errorf("%q: %w", d.Name, ErrNone)
	case f.Database.Owner == d.User:
		return "", fmt.Errorf("%q: %w", d.Name, ErrOwn)
	}
	err = f.foreign(d, d.Name)
	if !errors.Is(err, ErrForeign) {
		return "", err
	}
	if other := instanceOf(f.Database.Comment); exists(other) {
		return "", fmt.Errorf("%q: %w, instance %s, which is still there", d.Name, ErrForeign, other)
	}
	return f.Database.Owner, nil
}

// elsewhere is a database of the application's that has another name, and is not there for a restore.
func (f facts) elsewhere(d Database) string {
	for _, name := range f.Others {
		if name != d.incoming() && name != d.outgoing() {
			return name
		}
	}
	return ""
}
