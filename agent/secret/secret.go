package secret

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/internal/manifest"
)

// Kinds of a secret.
const (
	Env        = "env"
	Credential = "credential"
)

// maxTotal is how many bytes the secrets of one kind have at most, with their names. More
// credentials systemd does not pass to a unit, and with more than twice that in its
// environment the kernel starts nothing.
const maxTotal = 1 << 20

var (
	// ErrInvalid says that a name, kind or value is refused.
	ErrInvalid = errors.New("invalid secret")
	// ErrNotFound says that there is no such secret.
	ErrNotFound = errors.New("no such secret")

	credName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
)

// Secret is what may be told of one.
type Secret struct {
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	UpdatedAt  time.Time         `json:"updated_at"`
	Audience   audience.Audience `json:"audience,omitempty"`   // empty: from before there were any
	Generation int               `json:"generation,omitempty"` // raised when somebody loses it
}

// Change is what becomes of one secret.
type Change struct {
	Name  string
	Kind  string
	Value string
	Keep  bool              // kind and value stay as they are
	For   audience.Audience // empty: as it is, for a new secret audience.Default
}

// index lists an instance's secrets.
type index struct {
	Version string   `json:"version"`
	Secrets []Secret `json:"secrets"`
}

// next is what the index will say of the secret.
func (i *index) next(c Change) (Secret, error) {
	next := Secret{Name: c.Name, Kind: c.Kind, UpdatedAt: time.Now().UTC(), Audience: c.For}
	at := slices.IndexFunc(i.Secrets, func(o Secret) bool { return o.Name == c.Name })
	if at < 0 {
		if len(c.For) == 0 {
			next.Audience = audience.Default()
		}
		if c.Keep {
			return next, fmt.Errorf("%w: %q, so there is no value to keep", ErrNotFound, c.Name)
		}
		return next, nil
	}
	old := i.Secrets[at]
	if c.Keep {
		next.Kind, next.UpdatedAt = old.Kind, old.UpdatedAt
	}
	next.Generation = old.Generation
	if len(c.For) == 0 {
		next.Audience = old.Audience
	} else if !old.Audience.Within(c.For) {
		next.Generation++
	}
	return next, nil
}

func (i *index) without(name string) []Secret {
	return slices.DeleteFunc(slices.Clone(i.Secrets), func(o Secret) bool { return o.Name == name })
}

// file is the name of the secret's file: no name of a secret has an "@".
func (s Secret) file() string {
	if s.Generation == 0 {
		return s.Name
	}
	return fmt.Sprintf("%s@%d", s.Name, s.Generation)
}

func check(name, kind, value string) error {
	switch {
	case kind != Env && kind != Credential:
		return fmt.Errorf("%w: kind %q: must be env or credential", ErrInvalid, kind)
	case kind == Env && !manifest.IsEnvName(name), !credName.MatchString(name):
		return fmt.Errorf("%w: name %q: must be made of letters, digits and '_'", ErrInvalid, name)
	case kind == Credential:
		return nil
	}
	if err := manifest.CheckVariable(name, value); err != nil {
		return fmt.Errorf("%w: the value of an environment variable %w; "+
			"a credential may hold any bytes (nexushub secret set --credential)", ErrInvalid, err)
	}
	return nil
}
