package debug

import (
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
)

// Kind is a kind of application that a Server serves, and by which rules.
type Kind struct {
	name     string // as package plan has it
	prefix   string // of the routes
	registry string // state file
	removals string // state file
	dropped  string // state file: of removals, those that take their database with them
	below    string // what a generated host name has between its label and the domain
	replaces bool   // creating takes the place of what has the same app id; else it finds it
	expires  bool   // some time after the last activity
}

var (
	// Debug applications are for trying something out.
	Debug = Kind{
		name: plan.KindDebug, prefix: "/debug/application", registry: "debug-applications", removals: "debug-deleted",
		dropped: "debug-data-deleted", below: "debug.", replaces: true, expires: true,
	}
	// Deployed applications are permanent: their app id is their name, and one id is theirs for life.
	Deployed = Kind{
		name: plan.KindDeployed, prefix: "/v1/deployed", registry: "deployed-applications", removals: "deployed-deleted",
		dropped: "deployed-data-deleted",
	}
)

// String is what people read.
func (k Kind) String() string { return k.name + " application" }

// same says whether two app ids name one application.
func (k Kind) same(a, b string) bool {
	if k.replaces {
		return a == b
	}
	return strings.EqualFold(a, b)
}
