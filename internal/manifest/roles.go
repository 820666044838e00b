package manifest

import (
	"regexp"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/tomlfile"
)

const maxRoles = 64

// roleName is what the proxy takes for the name of a role.
var roleName = regexp.MustCompile(`^[A-Za-z0-9._:@/+-]{1,64}$`)

// IsRoleName says whether a role may have the name.
func IsRoleName(name string) bool { return roleName.MatchString(name) }

// checkRoles also sees to it that who says access says the roles, too: of two who decide about an
// application, one cannot change whom the other one means.
func checkRoles(f *tomlfile.File, key, access string, roles []string) {
	switch {
	case !f.Has(key):
		return
	case access != AccessPrivate:
		f.Fault(key, `needs access = "private" beside it`)
	case len(roles) > maxRoles:
		f.Fault(key, "must not name more than %d roles", maxRoles)
	case slices.ContainsFunc(roles, func(r string) bool { return !IsRoleName(r) }):
		f.Fault(key, "a role is up to 64 letters, digits or ._:@/+-")
	}
}

// admitsMore says whether requests of somebody come in with after that did not with before. Persons
// come to every path of a private application, and anybody to some of one with areas.
func admitsMore(before, after Manifest) bool {
	switch {
	case before.IsOpen() || before.HasAreas() && after.HasAreas():
		return false
	case !before.IsPrivate() || !after.IsPrivate():
		return true
	case len(before.Roles) == 0:
		return false
	}
	return len(after.Roles) == 0 || slices.ContainsFunc(after.Roles, func(r string) bool {
		return !slices.Contains(before.Roles, r)
	})
}

// accessInWords names the roles.
func accessInWords(m Manifest) string {
	switch {
	case m.HasAreas():
		return AccessAreas
	case m.IsPrivate() && len(m.Roles) > 0:
		return AccessPrivate + " (" + RolesInWords(m.Roles) + ")"
	}
	return m.Access
}

// RolesInWords are the roles, sorted; none are any person.
func RolesInWords(roles []string) string {
	if len(roles) == 0 {
		return "any person"
	}
	return strings.Join(slices.Sorted(slices.Values(roles)), ", ")
}
