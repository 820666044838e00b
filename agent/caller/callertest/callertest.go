// Package callertest is for tests of every call as every caller: rights.txt says what each may, and whoever
// serves calls tries it.
package callertest

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

// Named is a caller, as the file calls him.
type Named struct {
	Name   string
	Caller caller.Caller
}

// Callers are one of each kind. Those who are for one application are for the one of that name.
func Callers(app string) []Named {
	token := func(role api.Role, apps ...string) caller.Caller {
		return caller.Bearer(api.Token{ID: "t", Name: "ci", Role: role, Applications: apps})
	}
	return []Named{
		{"nobody", caller.Caller{}},
		{"access", caller.Caller{Installer: audience.Access}},
		{"token", token("")},
		{"deployer", token(api.Deployer, app)},
		{"viewer", token(api.Viewer, app)},
		{"viewer*", token(api.Viewer, "*")},
		{"developer", token(api.Developer, app)},
		{"developer*", token(api.Developer, "*")},
		{"operator", token(api.Operator, "*")},
		{"group", caller.Local(1000)},
		{"root", caller.Local(0)},
	}
}

//go:embed rights.txt
var rights string

// Rights say who may make each call, of lines "METHOD /path: name name".
func Rights() map[string][]string {
	matrix := map[string][]string{}
	for line := range strings.Lines(rights) {
		route, names, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && !strings.HasPrefix(line, "#") {
			matrix[route] = strings.Fields(names)
		}
	}
	return matrix
}

// Try asks for a call as every caller; status is how the answer to who asks begins.
func Try(t *testing.T, matrix map[string][]string, route, app string, status func(caller.Caller) int) {
	t.Helper()
	may, ok := matrix[route]
	if !ok {
		t.Errorf("%s: nothing says who may", route)
	}
	for _, who := range Callers(app) {
		code := status(who.Caller)
		if refused := code == 401 || code == 403; refused == slices.Contains(may, who.Name) {
			t.Errorf("%s by %s: got %d", route, who.Name, code)
		}
	}
}
