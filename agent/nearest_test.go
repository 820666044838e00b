package agent

import (
	"testing"

	"github.com/nexushub/nexushub/agent/plan"
)

func TestNearest(t *testing.T) {
	apps := []plan.Desired{{Name: "shop-debug", Instance: plan.Instance{AppID: "Shop"}},
		{Name: "blog", Instance: plan.Instance{AppID: "blog"}}}
	for name, want := range map[string]string{
		"shpo": "shop-debug", "sho": "shop-debug", "blogs": "blog", "bolg": "blog", "BLGO": "blog", "shop-d": "shop-debug",
		"b": "", "xy": "", "wiki": "", "": "", "shop-prod": "",
	} {
		if got := meant(name, apps); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
