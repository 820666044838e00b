package api

import "slices"

// Role is what a caller may do on a host, in one word. Each includes those before it; no role
// includes nothing.
type Role string

// The roles, the least first.
const (
	Viewer    Role = "viewer"    // looks: lists, states, logs
	Developer Role = "developer" // deploys, starts, stops and rolls back applications
	Operator  Role = "operator"  // does what concerns the whole host, and issues tokens
	Owner     Role = "owner"     // has secrets and shells: root on the host itself

	// Deployer is beside them: it deploys one application and does nothing else, for a machine that builds.
	Deployer Role = "deployer"
)

// AllApplications is the word for every application where names are granted.
const AllApplications = "*"

var roles = []Role{Viewer, Developer, Operator, Owner}

// Known says whether there is such a role.
func (r Role) Known() bool { return r == Deployer || slices.Contains(roles, r) }

// Includes says whether who has the role may do what needs the other.
func (r Role) Includes(least Role) bool {
	if least == Deployer {
		return r == Deployer || r.Includes(Developer)
	}
	return least.Known() && slices.Index(roles, r) >= slices.Index(roles, least)
}
