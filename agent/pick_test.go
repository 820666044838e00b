package agent

import (
	"errors"
	"testing"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// A developer cannot take a name that operators use for something else.
func TestPick(t *testing.T) {
	app := func(id, kind, host, slug, appID string) plan.Desired {
		return plan.Desired{Instance: plan.Instance{ID: id, Kind: kind, HostName: host, AppID: appID}, Name: slug}
	}
	desired := []plan.Desired{
		app("e1", plan.KindDebug, "shop", "shop", "evil"),
		app("e2", plan.KindDebug, "shop.debug.x", "shop-debug", "Shop"),
		app("e3", plan.KindDebug, "web.app", "web-app", "s1"),
		app("e4", plan.KindDebug, "other.debug.x", "other-debug", "shop.debug.x"),
		app("s1", plan.KindStatic, "www.x", "www", "web.app"),
		app("s2", plan.KindStatic, "xn--bcher-kva.x", "books", "books"),
		app("e5", plan.KindDebug, "xn--strae-oqa.debug.x", "street", "street"),
		app("d1", plan.KindDynamic, "wiki.x", "wiki", "evil"),
		app("p1", plan.KindDeployed, "mail.x", "mail", "mail"),
		app("p2", plan.KindDeployed, "www.mail.x", "www-mail", "www"),
		app("e6", plan.KindDebug, "mail.debug.x", "mail-debug", "mail"),
		app("p3", plan.KindDeployed, "odd.x", "odd", "mail.debug.x"),
		app("p4", plan.KindDeployed, "crm.x", "crm", "crm"),
		app("d2", plan.KindDynamic, "later.x", "later", "CRM"),
	}
	for name, want := range map[string]string{
		"s1": "s1", "e1": "e1", "www": "s1", "WWW.x": "s1", "web.app": "s1", "web-app": "e3", "wiki": "d1", "evil": "d1",
		"shop.debug.x": "e2", "shop-debug": "e2", "other-debug": "e4", "none": "",
		"mail": "p1", "MAIL": "p1", "mail.debug.x": "e6", "mail-debug": "e6", "www-mail": "p2", "www.mail.x": "p2",
		"crm.x": "p4", "later.x": "d2", "later": "d2",
		"bücher.x": "s2", "BÜCHER.x": "s2", "straße.debug.x": "e5", "xn--bcher-kva.x": "s2",
	} {
		got, err := byMostExactName(name, desired)
		if err != nil || (got == nil) != (want == "") || got != nil && got.ID != want {
			t.Errorf("%q is %+v, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"shop", "crm"} {
		if got, err := byMostExactName(name, desired); !errors.Is(err, api.Conflict) {
			t.Errorf("%s, which is ambiguous, is %+v, %v", name, got, err)
		}
	}
}
