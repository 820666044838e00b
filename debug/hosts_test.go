package debug

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/ifmatch"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

var (
	operator = caller.Local(0)
	ann      = caller.Caller{Installer: audience.Token("ann"), Role: api.Developer, Applications: []string{"*"}}
)

func TestHosts(t *testing.T) {
	h := newHost(t)
	h.runtime.others = []api.App{{ID: "s", Kind: plan.KindStatic, Name: "wiki", HostName: "wiki.org"}}
	path, shop := h.deploy(`{"appId":"shop"}`, http.StatusCreated)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	_, other := h.deploy(`{"appId":"other","hostName":"other.org"}`, http.StatusCreated)
	h.must(h.deployed.AddHost(as(operator), other.ID, api.NewAppHost{Host: "*.other.org"}))
	for _, c := range []struct {
		by   caller.Caller
		add  api.NewAppHost
		want string // hosts of the shop, or what is said
	}{
		{operator, api.NewAppHost{Host: "Shop.org:8443"}, "shop.example.test shop.org"},
		{operator, api.NewAppHost{Host: "*.shop.org"}, "shop.example.test shop.org *.shop.org"},
		{operator, api.NewAppHost{Host: "www.shop.org", Redirect: true}, "shop.example.test shop.org *.shop.org www.shop.org"},
		{operator, api.NewAppHost{Host: "shop.org", First: true}, "shop.org shop.example.test *.shop.org www.shop.org"},
		{operator, api.NewAppHost{Host: "shop.org"}, "shop.org shop.example.test *.shop.org www.shop.org"},
		{operator, api.NewAppHost{Host: "shop.org", Redirect: true}, "aliases lead to"},
		{operator, api.NewAppHost{Host: "*.a.org", First: true}, "must be one name"},
		{operator, api.NewAppHost{Host: "a.org", Strip: true}, "needs a path"},
		{operator, api.NewAppHost{Host: "a.org/../b"}, "dot"},
		{operator, api.NewAppHost{Host: "xn--80ak6aa92e.com"}, "pass for Latin"},
		{operator, api.NewAppHost{Host: "wiki.org"}, "taken by application wiki"},
		{operator, api.NewAppHost{Host: "other.org"}, "taken by deployed application other"},
		{operator, api.NewAppHost{Host: "a.org/x"}, `nexushub access shop open`},
		{operator, api.NewAppHost{Host: "admin.example.test"}, "NexusHub itself"},
		{ann, api.NewAppHost{Host: "a.org"}, "not for developers"},
		{ann, api.NewAppHost{Host: "*.debug.example.test"}, "taken by NexusHub itself"},
		{ann, api.NewAppHost{Host: "b.debug.example.test"},
			"shop.org shop.example.test *.shop.org www.shop.org b.debug.example.test"},
	} {
		err := h.deployed.AddHost(as(c.by), shop.ID, c.add)
		got := h.hostsOf(shop.ID)
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%s adds %+v: %s, want %s", c.by.Installer, c.add, got, c.want)
		}
	}
	in := h.runtime.wanted[shop.ID]
	if in.HostName != "shop.org" || len(in.Hosts) != 5 || !in.Hosts[3].Redirect {
		t.Errorf("the agent has %+v", in)
	}
	h.start()
	for name, says := range map[string]string{
		"nobody.org": "no host", "shop.org": "hosts add --first shop HOST", "*.shop.org": "", "www.shop.org": "",
		"b.debug.example.test": "",
	} {
		if err := h.deployed.RemoveHost(as(operator), shop.ID, name); (err == nil) != (says == "") ||
			err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("removing %s: %v", name, err)
		}
	}
	if got := h.hostsOf(shop.ID); got != "shop.org shop.example.test" {
		t.Errorf("left: %s", got)
	}
	// A deployment that names a host has it in the place of the first.
	h.deploy(`{"appId":"shop","hostName":"store.org"}`, http.StatusOK)
	if got := h.hostsOf(shop.ID); got != "store.org shop.example.test" {
		t.Errorf("after a deployment: %s", got)
	}
	h.must(h.deployed.RemoveHost(as(operator), shop.ID, "shop.example.test"))
	err := h.deployed.RemoveHost(as(operator), shop.ID, "store.org")
	if err == nil || !strings.Contains(err.Error(), "only host") {
		t.Errorf("the last: %v", err)
	}
}

// Whose application has a path of a host has the others, and nobody lays a name below the
// wildcard of somebody else.
func TestHostsOfTwoOwners(t *testing.T) {
	h := newHost(t)
	bob := ann
	bob.Installer = audience.Token("bob")
	create := func(by caller.Caller, name string) string {
		t.Helper()
		w := h.ask(by, http.MethodPost, Deployed.prefix, `{"appId":"`+name+`"}`)
		if w.Code != http.StatusCreated {
			t.Fatal(w.Code, w.Body)
		}
		return h.deployed.apps.all()[len(h.deployed.apps.all())-1].AppID
	}
	ids := map[string]string{}
	for name, by := range map[string]caller.Caller{"anns": ann, "anns2": ann, "bobs": bob} {
		create(by, name)
		for _, a := range h.deployed.apps.all() {
			ids[a.AppID] = string(a.ID)
		}
	}
	h.must(h.deployed.AddHost(as(operator), ids["anns"], api.NewAppHost{Host: "*.x.org"}))
	h.must(h.deployed.AddHost(as(operator), ids["anns"], api.NewAppHost{Host: "x.org"}))
	h.must(h.deployed.AddHost(as(operator), ids["anns2"], api.NewAppHost{Host: "x.org/docs"}))
	h.must(h.deployed.AddHost(as(operator), ids["anns2"], api.NewAppHost{Host: "a.x.org"}))
	for host, says := range map[string]string{
		"x.org/bob": "another owner", "b.x.org": "lies under the wildcard *.x.org of deployed application anns",
		"anns.example.test/x": "another owner",
	} {
		if err := h.deployed.AddHost(as(operator), ids["bobs"], api.NewAppHost{Host: host}); err == nil ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// An operator's word for an application is not one for the hosts that a developer gives it: those
// are the developer's, also of an application that belongs to the operator.
func TestHostsThatADeveloperGivesAnOperatorsApplication(t *testing.T) {
	h := newHost(t)
	_, victim := h.deploy(`{"appId":"victim","hostName":"victim.debug.example.test"}`, http.StatusCreated)
	_, shop := h.deploy(`{"appId":"shop"}`, http.StatusCreated)
	h.must(h.deployed.AddHost(as(operator), victim.ID, api.NewAppHost{Host: "*.debug.org"}))
	h.runtime.developers = []string{"*.debug.org"}
	for host, says := range map[string]string{
		"victim.debug.example.test/login": "another owner", "x.debug.org": "lies under the wildcard",
	} {
		if err := h.deployed.AddHost(as(ann), shop.ID, api.NewAppHost{Host: host}); err == nil ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", host, err)
		}
		if w := h.ask(ann, http.MethodPost, Deployed.prefix, `{"appId":"shop","hostName":"`+host+`"}`); w.Code < 400 {
			t.Errorf("deployed as %s: %s", host, w.Body)
		}
		if err := h.deployed.AddHost(as(operator), shop.ID, api.NewAppHost{Host: host}); err != nil {
			t.Errorf("%s, by an operator: %v", host, err)
		}
	}
	owners := func(want ...string) {
		t.Helper()
		a, err := h.deployed.apps.get(ID(shop.ID))
		h.must(err)
		var got []string
		for _, host := range a.allHosts() {
			got = append(got, host.String()+" "+host.Owner)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, by := range []caller.Caller{ann, operator, ann} { // who has it first, has it
		h.must(h.deployed.AddHost(as(by), shop.ID, api.NewAppHost{Host: "b.debug.example.test"}))
	}
	h.must(h.deployed.AddHost(as(ann), shop.ID, api.NewAppHost{Host: "x.debug.org", Redirect: true}))
	owners("b.debug.example.test token:ann", "shop.example.test ", "victim.debug.example.test/login ", "x.debug.org ")
	if w := h.ask(ann, http.MethodPost, Deployed.prefix, `{"appId":"shop","hostName":"c.debug.example.test"}`); w.Code != 200 {
		t.Fatal(w.Body)
	}
	owners("b.debug.example.test token:ann", "c.debug.example.test token:ann", "victim.debug.example.test/login ", "x.debug.org ")
}

func as(by caller.Caller) context.Context { return caller.With(context.Background(), by) }

func (h *host) hostsOf(id string) string {
	all := h.deployed.apps.all()
	a := all[slices.IndexFunc(all, func(a application) bool { return string(a.ID) == id })]
	return strings.Join(a.hostNames(), " ")
}

// What an earlier version wrote has one host.
func TestHostsOfAnEarlierVersion(t *testing.T) {
	a := application{NewDebugApplication: api.NewDebugApplication{HostName: "Shop.org:8443"}}
	if got := a.allHosts(); !slices.Equal(got, []hostname.Host{{Name: "shop.org"}}) {
		t.Errorf("%+v", got)
	}
}

// TestHostsIfMatch: hosts that were changed since they were read stay as they are.
func TestHostsIfMatch(t *testing.T) {
	h := newHost(t)
	_, shop := h.deploy(`{"appId":"shop"}`, http.StatusCreated)
	seen, err := h.deployed.HostsTag(shop.ID)
	h.must(err)
	ctx := ifmatch.With(as(operator), seen)
	h.must(h.deployed.AddHost(ctx, shop.ID, api.NewAppHost{Host: "shop.org"}))
	for _, err := range []error{
		h.deployed.AddHost(ctx, shop.ID, api.NewAppHost{Host: "www.shop.org"}),
		h.deployed.RemoveHost(ctx, shop.ID, "shop.org"),
	} {
		if !errors.Is(err, api.Stale) {
			t.Errorf("got %v", err)
		}
	}
	if got := h.hostsOf(shop.ID); got != "shop.example.test shop.org" {
		t.Errorf("hosts are %s", got)
	}
}
