package caller

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
)

func TestNobodyIssuesMoreThanHeHas(t *testing.T) {
	now := time.Now()
	soon, later, past := now.Add(time.Hour), now.Add(48*time.Hour), now.Add(-time.Minute)
	token := func(role api.Role, expires *time.Time, apps ...string) Caller {
		return Bearer(api.Token{ID: "t", Name: "t", Role: role, Applications: apps, ExpiresAt: expires})
	}
	root, group := Local(0), Local(1000)
	operator, ending := token(api.Operator, nil, "*"), token(api.Operator, &soon, "*")
	shop := []string{"shop"}
	for name, c := range map[string]struct {
		by   Caller
		ask  api.NewToken
		code api.Code // "": it is issued
	}{
		"as before":                      {group, api.NewToken{}, ""},
		"operator by the group":          {group, api.NewToken{Role: api.Operator}, ""},
		"operator by an operator":        {operator, api.NewToken{Role: api.Operator}, ""},
		"developer":                      {operator, api.NewToken{Role: api.Developer, Applications: shop}, ""},
		"viewer of all":                  {operator, api.NewToken{Role: api.Viewer, Applications: []string{"*"}}, ""},
		"lasts longer":                   {ending, api.NewToken{Role: api.Viewer, Applications: shop, ExpiresAt: &later}, api.Forbidden},
		"lasts as long":                  {ending, api.NewToken{Role: api.Viewer, Applications: shop, ExpiresAt: &soon}, ""},
		"owner by root":                  {root, api.NewToken{Role: api.Owner, Applications: []string{"*"}}, api.Invalid},
		"operator by a developer":        {token(api.Developer, nil, "shop"), api.NewToken{Role: api.Operator}, api.Forbidden},
		"operator by a developer of all": {token(api.Developer, nil, "*"), api.NewToken{Role: api.Operator}, api.Forbidden},
		"other application":              {token(api.Developer, nil, "shop"), api.NewToken{Role: api.Viewer, Applications: []string{"blog"}}, api.Forbidden},
		"all of some":                    {token(api.Developer, nil, "shop"), api.NewToken{Role: api.Viewer, Applications: []string{"*"}}, api.Forbidden},
		"unknown role":                   {root, api.NewToken{Role: "Operator"}, api.Invalid},
		"developer of nothing":           {root, api.NewToken{Role: api.Developer}, api.Invalid},
		"deployer":                       {operator, api.NewToken{Role: api.Deployer, Applications: shop}, ""},
		"deployer of two":                {root, api.NewToken{Role: api.Deployer, Applications: []string{"a", "b"}}, api.Invalid},
		"deployer of all":                {root, api.NewToken{Role: api.Deployer, Applications: []string{"*"}}, api.Invalid},
		"deployer by a viewer":           {token(api.Viewer, nil, "shop"), api.NewToken{Role: api.Deployer, Applications: shop}, api.Forbidden},
		"developer by a deployer":        {token(api.Deployer, nil, "shop"), api.NewToken{Role: api.Developer, Applications: shop}, api.Forbidden},
		"operator of one":                {root, api.NewToken{Role: api.Operator, Applications: shop}, api.Invalid},
		"no role, one":                   {root, api.NewToken{Applications: shop}, api.Invalid},
		"all and one":                    {root, api.NewToken{Role: api.Viewer, Applications: []string{"*", "shop"}}, api.Invalid},
		"no name":                        {root, api.NewToken{Role: api.Viewer, Applications: []string{""}}, api.Invalid},
		"control character":              {root, api.NewToken{Role: api.Viewer, Applications: []string{"a\n"}}, api.Invalid},
		"in the past":                    {root, api.NewToken{ExpiresAt: &past}, api.Invalid},
	} {
		c.ask.Name = "new"
		got, err := c.by.issue(c.ask)
		if (err == nil) != (c.code == "") || (err != nil && api.CodeOf(err) != c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if err == nil && c.by.ExpiresAt != nil && got.ExpiresAt.After(*c.by.ExpiresAt) {
			t.Errorf("%s: lasts until %s", name, got.ExpiresAt)
		}
	}
	for _, bad := range []string{"", " ", "x\n", strings.Repeat("x", 129)} {
		if _, err := root.issue(api.NewToken{Name: bad}); api.CodeOf(err) != api.Invalid {
			t.Errorf("name %q: %v", bad, err)
		}
	}
	got, err := ending.issue(api.NewToken{Name: "n", Role: api.Operator})
	if err != nil || got.ExpiresAt == nil || !slices.Equal(got.Applications, []string{"*"}) {
		t.Errorf("an operator who ends issues %+v, %v", got, err)
	}
}
