package caller

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/internal/termtext"
)

// maxName bounds the name of a token and of an application.
const maxName = 128

// issue completes what is asked for, or refuses it: nobody issues a token that may more, is for
// other applications or lasts longer than what he has himself.
func (c Caller) issue(n api.NewToken) (api.NewToken, error) {
	n.Applications = slices.Compact(slices.Sorted(slices.Values(n.Applications)))
	if n.Role == api.Operator && len(n.Applications) == 0 {
		n.Applications = []string{api.AllApplications}
	}
	if n.ExpiresAt == nil {
		n.ExpiresAt = c.ExpiresAt
	}
	if err := errors.Join(checkName(n), checkRole(n)); err != nil {
		return n, err
	}
	switch {
	case n.Role != "" && !c.Role.Includes(n.Role):
		return n, fmt.Errorf("%s has the role %s and cannot issue a token with the role %s: %w",
			c.who(), c.Role, n.Role, api.Forbidden)
	case c.ExpiresAt != nil && n.ExpiresAt.After(*c.ExpiresAt):
		return n, fmt.Errorf("%s ends at %s and cannot issue a token that lasts longer: %w",
			c.who(), c.ExpiresAt.Format(time.RFC3339), api.Forbidden)
	}
	for _, application := range n.Applications {
		if !c.Covers(application) {
			return n, c.Refuse(application)
		}
	}
	return n, nil
}

func checkName(n api.NewToken) error {
	switch {
	case strings.TrimSpace(n.Name) == "":
		return badField("name", "must not be empty")
	case len(n.Name) > maxName:
		return badField("name", fmt.Sprintf("must not be longer than %d bytes", maxName))
	case termtext.CheckName(n.Name) != nil:
		return badField("name", termtext.CheckName(n.Name).Error())
	case n.ExpiresAt != nil && n.ExpiresAt.Before(time.Now()):
		return badField("expires_at", "is in the past")
	}
	return nil
}

func checkRole(n api.NewToken) error {
	all := slices.Contains(n.Applications, api.AllApplications)
	switch {
	case n.Role == "" && len(n.Applications) > 0:
		return badField("applications", "need a role: a token without one opens every debug application and nothing else")
	case n.Role == "":
		return nil
	case n.Role == api.Owner:
		return badField("role", "must not be owner: that is root on the host itself; a token is operator at most")
	case !n.Role.Known():
		return badField("role", "must be viewer, deployer, developer or operator")
	case n.Role == api.Deployer && (all || len(n.Applications) != 1):
		return badField("applications", "must be one name for a deployer")
	case len(n.Applications) == 0:
		return badField("applications", "must name those that the token is for, or * for all")
	case all && len(n.Applications) > 1:
		return badField("applications", "must be * alone or names")
	case n.Role == api.Operator && !all:
		return badField("applications", "must be * for an operator, who is for the whole host")
	}
	for _, name := range n.Applications {
		if len(name) > maxName {
			return badField("applications", fmt.Sprintf("must not be longer than %d bytes", maxName))
		}
		if err := termtext.CheckName(name); name == "" || err != nil {
			return badField("applications", fmt.Sprintf("must be names, not %q", name))
		}
	}
	return nil
}

func badField(name, why string) error {
	return &api.Fault{Code: api.Invalid, Detail: name + " " + why,
		Faults: []problem.Fault{{Pointer: "/" + name, Detail: why}}}
}
