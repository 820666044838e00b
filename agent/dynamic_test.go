package agent

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/agent/admin"
	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

// A release that was swept while nobody followed the admin application is forgotten, and what is
// said of the application is what to do. What runs keeps running.
func TestSweptReleaseOfADynamicApplication(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Admin.Enabled = true
		h.start()
		h.agent.onDynamicList(admin.List{Applications: []admin.Application{
			{InstanceID: otherID, AppID: "my shop", HostName: "shop.x"}}}, 10)
		h.settle()
		const why = `no package is installed under its app id "my shop": nexushub deploy --temporary --name='my shop' FOLDER installs one`
		if v := h.wantState(otherID, api.StatePending); v.Why != why {
			t.Errorf("before anything was installed: %q", v.Why)
		}
		h.agent.Debug().Restored()
		h.agent.Debug().Put(plan.Instance{ID: shopID, HostName: "debug.x", AppID: "my shop", Release: "one",
			InstalledBy: audience.Root})
		h.settle()
		h.wantState(otherID, api.StateRunning)
		if err := h.agent.Debug().Remove(t.Context(), shopID); err != nil {
			t.Fatal(err)
		}
		h.releases.lose("one")
		h.agent.requestResolve()
		h.pass(resolveAgain)
		if v := h.wantState(otherID, api.StateRunning); !strings.Contains(v.Why, why) {
			t.Errorf("while it runs: %q", v.Why)
		}
		for _, u := range h.unitsOf(otherID) {
			if err := h.units.Stop(t.Context(), u.Unit); err != nil {
				t.Fatal(err)
			}
		}
		h.kill()
		h.boot = "boot-2"
		h.start()
		h.pass(resolveAgain)
		if v := h.wantState(otherID, api.StatePending); v.Why != why || h.agent.desired.installed["my shop"].Release != "" {
			t.Errorf("after a reboot: %q", v.Why)
		}
	})
}

// What was installed since the sweep was noticed is not forgotten with what was swept.
func TestOnlyWhatWasSweptIsForgotten(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.agent.mu.Lock()
		defer h.agent.mu.Unlock()
		h.agent.desired.installed["a"] = plan.Installed{Release: "two"}
		h.agent.forgetSwept([]resolved{{Instance: plan.Instance{AppID: "a"}, gone: "one"}})
		if h.agent.desired.installed["a"].Release != "two" {
			t.Error("the release of today is forgotten with that of yesterday")
		}
	})
}

// Who is refused a host name learns who has it.
func TestHostNameBelongsToSomebody(t *testing.T) {
	has := plan.Instance{ID: shopID, Kind: plan.KindStatic, HostName: "shop.x", AppID: "shop", DisplayName: "My Shop"}
	wants := plan.Instance{ID: otherID, Kind: plan.KindDynamic, HostName: "shop.x", AppID: "other"}
	list := merge([]plan.Instance{has}, []plan.Instance{wants}, nil)
	shareHosts(list, "x")
	if want := "static application My Shop (instance " + shopID; len(list) != 2 || !strings.Contains(list[1].problem, want) {
		t.Errorf("got %+v, want it to name the %s", list, want)
	}
}

// Of several names only those that are somebody else's are not served, and nobody is in the way
// of an application by a name that it does not get.
func TestHostsThatAreTaken(t *testing.T) {
	hosts := func(names ...string) (list []hostname.Host) {
		for _, name := range names {
			h, err := hostname.ParseHost(name)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, h)
		}
		return list
	}
	list := merge(
		[]plan.Instance{{ID: "1", Kind: plan.KindStatic, HostName: "a.x.org",
			Hosts: hosts("a.x.org", "*.x.org", "*.given.org")}},
		[]plan.Instance{{ID: "2", Kind: plan.KindDynamic, HostName: "b.x.org"}},
		[]plan.Instance{{ID: "3", Kind: plan.KindDebug, Owner: "token:1", HostName: "c.given.org",
			Hosts: hosts("c.given.org", "a.x.org", "b.x.org", "a.x.org/docs", "c.org/docs", "admin.given.org/x")}},
		[]plan.Instance{{ID: "4", Kind: plan.KindDebug, HostName: "b.x.org"}})
	shareHosts(list, "given.org")
	var got []string
	for _, r := range list {
		for _, c := range r.Claims("given.org") {
			got = append(got, r.ID+" "+c.String())
		}
		if (r.problem != "") != (r.ID == "2") {
			t.Errorf("instance %s: %q", r.ID, r.problem)
		}
	}
	want := []string{"1 a.x.org", "1 *.x.org", "1 *.given.org", "3 c.given.org", "3 c.org/docs", "4 b.x.org"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Where the API is, nobody has a host: one in a table would keep the proxy from taking up all of it.
func TestHostsOfTheAPI(t *testing.T) {
	alias := hostname.Host{Name: "admin.x", Redirect: true}
	for name, c := range map[string]struct {
		host    hostname.Host
		refused bool
	}{
		"the console":            {hostname.Host{Name: "admin.x"}, false},
		"a path beside the API":  {hostname.Host{Name: "admin.x", Prefix: "/v1"}, true},
		"an alias instead of it": {alias, true},
		"the other API host":     {hostname.Host{Name: "internal.x"}, true},
		"of another domain":      {hostname.Host{Name: "internal.y"}, false},
	} {
		list := merge([]plan.Instance{{ID: shopID, Kind: plan.KindDeployed, HostName: "shop.x",
			Hosts: []hostname.Host{{Name: "shop.x"}, c.host}}})
		shareHosts(list, "x")
		if refused := list[0].Taken[c.host.String()] != ""; refused != c.refused {
			t.Errorf("%s: %v, want %v", name, refused, c.refused)
		}
	}
}

// A service that lists others each time, and one bad entry, so that nothing is removed:
// what is kept counts, too.
func TestDynamicApplicationsAreBounded(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Admin.Enabled = true
		h.start()
		list := func(answer int) admin.List {
			l := admin.List{Faults: []error{fmt.Errorf("bad")}}
			for n := range 2 {
				l.Applications = append(l.Applications, admin.Application{InstanceID: uuid.NewString(), AppID: "a",
					HostName: fmt.Sprintf("h%d.a%d.x", n, answer)})
			}
			return l
		}
		for answer := range 5 {
			if taken := h.agent.onDynamicList(list(answer), 5); taken != (answer < 2) {
				t.Errorf("answer %d: applied = %v", answer, taken)
			}
		}
		if n := len(h.agent.desired.dynamic); n != 4 {
			t.Errorf("%d dynamic applications, want 4", n)
		}
	})
}
