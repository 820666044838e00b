package agent

import (
	"testing"

	"github.com/nexushub/nexushub/agent/plan"
)

func TestNearest(t *testing.T) {
	apps := []plan.Desired{{Name: "shop-debug", Instance: plan.Instance{AppID: "Shop"}}, {Name: "blog", Instance: plan.Instance{AppID: "blog"}}}
	for name, want := range map[string]string{
		"shpo": "shop-debug", "sho": "shop-debug", "blogs": "blog", "bolg": "blog", "BLGO": "blog", "shop-d": "shop-debug",
		"b": "", "xy": "", "wiki": "", "": "", "shop-prod": "",
	} {
		if got := nearest(name, apps); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
