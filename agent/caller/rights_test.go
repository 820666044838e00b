package caller

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
)

// TestRights: what each role may not do, over all routes.
func TestRights(t *testing.T) {
	token := func(role api.Role, apps ...string) Caller {
		return Bearer(api.Token{ID: "t", Name: "ci", Role: role, Applications: apps})
	}
	for _, route := range Routes() {
		method, path, _ := strings.Cut(route, " ")
		r, ok := RightTo(method, path)
		if !ok || !r.Least.Known() {
			t.Fatalf("%s: %+v, %v", route, r, ok)
		}
		may := func(c Caller) bool { _, err := c.May(method, path); return err == nil }
		reads := method == "GET" || method == "HEAD" || method == "OPTIONS"
		switch {
		case may(Caller{}):
			t.Errorf("%s: nobody may", route)
		case !may(Local(0)):
			t.Errorf("%s: root may not", route)
		case may(Local(1000)) != (r.Least != api.Owner):
			t.Errorf("%s: the group", route)
		case !reads && may(token(api.Viewer, "*")):
			t.Errorf("%s: a viewer may", route)
		case r.Socket && may(token(api.Operator, "*")):
			t.Errorf("%s: works from elsewhere", route)
		case !r.Socket && !may(token(api.Operator, "*")):
			t.Errorf("%s: an operator may not", route)
		case r.Scope == Host && may(token(api.Developer, "shop")):
			t.Errorf("%s: who has one application may", route)
		case may(token("", "*")) != strings.HasPrefix(path, "/debug/"):
			t.Errorf("%s: without a role", route)
		case may(token("root", "*")) && !strings.HasPrefix(path, "/debug/"):
			t.Errorf("%s: with a role that there is not", route)
		case strings.Contains(path, "/:app") != (r.Scope == One) && strings.HasPrefix(path, "/v1/") &&
			!strings.HasPrefix(path, deployedPrefix):
			t.Errorf("%s: scope %d", route, r.Scope)
		}
	}
	if _, err := Local(0).May("GET", "/v1/nothing"); api.CodeOf(err) != api.NotFound {
		t.Errorf("a route without a row: %v", err)
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		granted []string
		name    string
		want    bool
	}{
		{nil, "shop", false}, {nil, "", false}, {[]string{""}, "", false}, {[]string{"shop"}, "shop", true},
		{[]string{"shop"}, "Shop", false}, {[]string{"shop"}, "shop2", false}, {[]string{"*"}, "shop", true},
		{[]string{"*"}, "", true}, {[]string{"shop"}, "*", false}, {[]string{"sho*"}, "shop", false},
	} {
		if got := (Caller{Applications: c.granted}).Covers(c.name); got != c.want {
			t.Errorf("%q covers %q: %v", c.granted, c.name, got)
		}
	}
}

func TestRoleIncludes(t *testing.T) {
	order := []api.Role{"", api.Viewer, api.Developer, api.Operator, api.Owner}
	for i, r := range order {
		for j, least := range order {
			if got, want := r.Includes(least), j > 0 && i >= j; got != want {
				t.Errorf("%q includes %q: %v", r, least, got)
			}
		}
	}
	for _, r := range order {
		if got, want := r.Includes(api.Deployer), r.Includes(api.Developer); got != want || api.Deployer.Includes(r) {
			t.Errorf("%q and a deployer: %v", r, got)
		}
	}
	if !api.Deployer.Includes(api.Deployer) || api.Role("x").Includes(api.Deployer) {
		t.Error("a deployer is not what he is")
	}
	if api.Role("x").Includes("x") {
		t.Error("a role that there is not includes itself")
	}
}
