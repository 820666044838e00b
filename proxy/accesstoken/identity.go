package accesstoken

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Identity is who has signed in, as the login application has said. It never changes.
type Identity struct {
	User  string
	Roles []string // sorted
}

// Bounds of an identity, which goes into header fields and into the file.
const (
	maxUser  = 256
	maxRole  = 64
	maxRoles = 64
)

// ErrNobody says that the login application has not said who has signed in.
var ErrNobody = errors.New("the login application does not say who has signed in")

// NewIdentity checks what the login application has said.
func NewIdentity(user string, roles []string) (*Identity, error) {
	switch {
	case user == "":
		return nil, ErrNobody
	case len(user) > maxUser || strings.ContainsFunc(user, isNotVisible):
		return nil, fmt.Errorf("the name of a user has to be at most %d visible ASCII characters", maxUser)
	case len(roles) > maxRoles:
		return nil, fmt.Errorf("%s has more than %d roles", user, maxRoles)
	}
	for _, r := range roles {
		if r == "" || len(r) > maxRole || strings.ContainsFunc(r, isNotOfRole) {
			return nil, fmt.Errorf("the name of a role has to be at most %d letters, digits or ._:@/+-", maxRole)
		}
	}
	roles = slices.Clone(roles)
	slices.Sort(roles)
	return &Identity{user, slices.Compact(roles)}, nil
}

func isNotVisible(r rune) bool { return r <= ' ' || r >= 0x7f }

func isNotOfRole(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._:@/+-", r)
}

// HasOneOf says whether the person has one of these roles; of none, everybody has.
func (i *Identity) HasOneOf(roles []string) bool {
	return len(roles) == 0 || slices.ContainsFunc(i.Roles, func(r string) bool { return slices.Contains(roles, r) })
}

// Is says that nothing has changed.
func (i *Identity) Is(o *Identity) bool {
	return i.User == o.User && slices.Equal(i.Roles, o.Roles)
}

// words are those of a line of the file. Neither names nor roles hold a space or a comma.
func (i *Identity) words() string { return " " + i.User + " " + noRoles + strings.Join(i.Roles, ",") }

// noRoles begins the word of the roles, which is never empty so.
const noRoles = ","

func identityOf(user, roles string) (*Identity, bool) {
	list, ok := strings.CutPrefix(roles, noRoles)
	if !ok {
		return nil, false
	}
	var names []string
	if list != "" {
		names = strings.Split(list, ",")
	}
	i, err := NewIdentity(user, names)
	return i, err == nil
}

// Who has been granted a token for an instance; nil: nobody, or nobody who is known by name.
func (s *Store) Who(token, instance string) *Identity {
	if token == "" {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if g := s.find(token, instance, time.Now()); g != nil {
		return g.who
	}
	return nil
}
