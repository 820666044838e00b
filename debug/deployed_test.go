package debug

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// deploy makes a permanent application and returns the path of its resource.
func (h *host) deploy(fields string, status int) (path string, a api.DebugApplication) {
	h.tb.Helper()
	h.post(Deployed.prefix, fields).want(status).into(&a)
	return Deployed.prefix + "/" + a.ID, a
}

// A name is one application for life: to create it again finds it and changes what is given.
func TestDeployAgainFindsTheApplication(t *testing.T) {
	h := newHost(t)
	path, first := h.deploy(`{"appId":"shop","dbName":"shop"}`, http.StatusCreated)
	if first.HostName != "shop.example.test" || first.ExpiresAt != nil {
		t.Errorf("got %+v", first)
	}
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	_, again := h.deploy(`{"appId":"Shop","hostName":"www.shop.test"}`, http.StatusOK)
	if again.ID != first.ID || again.HostName != "www.shop.test" || again.DBName != "shop" || again.AppID != "shop" {
		t.Errorf("got %+v", again)
	}
	in := h.runtime.wanted[first.ID]
	if in.HostName != "www.shop.test" || in.Kind != plan.KindDeployed || in.Release == "" {
		t.Errorf("the agent has %+v", in)
	}
	h.post(Deployed.prefix, `{"appId":"mail","hostName":"www.shop.test"}`).problem(http.StatusConflict)
	h.start()
	if got := h.deployed.apps.all(); len(got) != 1 || got[0].HostName != "www.shop.test" {
		t.Errorf("after a restart: %+v", got)
	}
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusNoContent)
	if len(h.deployed.apps.all()) != 0 || len(h.runtime.wanted) != 0 {
		t.Error("it is still there")
	}
}

func TestNamesOfOtherKinds(t *testing.T) {
	h := newHost(t)
	h.runtime.others = []api.App{
		{ID: "s", Kind: plan.KindStatic, Name: "wiki", AppID: "w", HostName: "wiki.test"},
		{ID: "d", Kind: plan.KindDynamic, Name: "books", AppID: "b", HostName: "books.test"},
	}
	path, _ := h.create(`{"appId":"trial"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	for name, says := range map[string]string{
		"wiki": "apps.d", "W": "apps.d", "books": "nexushub deploy --temporary --name=b FOLDER",
		"b": "admin service", "trial": "nexushub keep trial",
	} {
		p := h.post(Deployed.prefix, `{"appId":"`+name+`"}`).problem(http.StatusConflict)
		if !strings.Contains(p.Detail, says) {
			t.Errorf("%s: %s", name, p.Detail)
		}
	}
	h.create(`{"appId":"wiki"}`) // as ever
}

// Nothing that is permanent can expire, whatever is asked of it and however long ago.
func TestDeployedDoesNotExpire(t *testing.T) {
	h := newHost(t)
	path, _ := h.deploy(`{"appId":"shop"}`, http.StatusCreated)
	h.get(path + "/status").want(http.StatusOK)
	now := time.Now()
	h.pass(&now, 10000*time.Hour)
	h.get(path + "/status").want(http.StatusOK)
}

// Kept, an application is what it was, for good; the debug API knows it no more, not even after
// a crash between the two registries.
func TestKeep(t *testing.T) {
	for name, crash := range map[string]bool{"in peace": false, "over a crash": true} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			path, a := h.create(`{"appId":"shop","hostName":"shop.debug"}`)
			h.upload(path, packageOf(t, "one"))
			h.install(path)
			before := h.runtime.wanted[a.ID]
			h.must(h.server.Keep(a.ID))
			if !crash {
				h.must(h.server.apps.flush())
			}
			h.start()
			now := time.Now()
			h.pass(&now, 3*time.Hour)
			after := h.runtime.wanted[a.ID]
			if after.Kind != plan.KindDeployed || after.UnitKind != plan.KindDebug || !after.ExpiresAt.IsZero() ||
				after.Release != before.Release || after.HostName != "shop.debug" {
				t.Errorf("was %+v, is %+v", before, after)
			}
			h.get(path + "/status").problem(http.StatusNotFound)
			h.get(Deployed.prefix + "/" + a.ID + "/status").want(http.StatusOK)
			_, found := h.deploy(`{"appId":"shop"}`, http.StatusOK)
			if found.ID != a.ID || found.HostName != "shop.debug" {
				t.Errorf("deployed again it is %+v", found)
			}
			path = Deployed.prefix + "/" + a.ID
			h.upload(path, packageOf(t, "two"))
			h.install(path)
			if got := h.runtime.wanted[a.ID]; got.UnitKind != "" {
				t.Errorf("with its next release its units are %q", got.UnitKind)
			}
		})
	}
}

// What was removed after it was kept does not come back, whenever the agent crashed.
func TestKeptAndRemoved(t *testing.T) {
	for name, kept := range map[string]func(*host, application){
		"in one life": func(h *host, a application) { h.must(h.server.Keep(string(a.ID))) },
		"over a crash between the registries": func(h *host, a application) {
			h.must(h.deployed.accept(a, Debug))
			h.start()
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			_, a := h.create(`{"appId":"shop"}`)
			kept(h, h.server.apps.all()[0])
			h.do(http.MethodDelete, Deployed.prefix+"/"+a.ID, nil, nil).want(http.StatusNoContent)
			h.start()
			if h.server.Has(ID(a.ID)) || h.deployed.Has(ID(a.ID)) {
				t.Error("it came back")
			}
		})
	}
}

func TestKeepIsRefused(t *testing.T) {
	h := newHost(t)
	_, a := h.create(`{"appId":"shop"}`)
	h.deploy(`{"appId":"mail"}`, http.StatusCreated)
	_, mail := h.create(`{"appId":"mail"}`)
	for id, code := range map[string]api.Code{mail.ID: api.Conflict, "x": api.NotFound} {
		if err := h.server.Keep(id); api.CodeOf(err) != code {
			t.Errorf("%s: %v", id, err)
		}
	}
	if len(h.server.apps.all()) != 2 || a.ID == "" {
		t.Error("something was kept")
	}
}

// What runs although its registry is lost is taken in again, and removed only by who asks for that.
func TestLostRegistry(t *testing.T) {
	h := newHost(t)
	const lost, removed = "0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"
	for _, id := range []string{lost, removed} {
		h.runtime.orphans = append(h.runtime.orphans, plan.Instance{ID: id, Kind: plan.KindDeployed, AppID: id[:4],
			HostName: id[:4] + ".example.test", Release: "r1"})
	}
	h.must(h.deployed.apps.removals.begin(removed))
	h.start()
	if in := h.runtime.wanted[lost]; !in.AsItRuns {
		t.Errorf("the agent has %+v", in)
	}
	if h.deployed.Has(removed) {
		t.Error("what was being removed came back")
	}
}

// Whatever happens to an application at the moment in which it is kept: either it is gone, or it is
// permanent and as it was.
func TestKeepAtTheSameMomentAsOthers(t *testing.T) {
	h := newHost(t)
	for i := range 20 {
		path, a := h.create(`{"appId":"shop"}`)
		h.upload(path, packageOf(t, "one"))
		h.install(path)
		now := time.Now().Add(2 * time.Hour)
		others := []func(){
			func() { h.server.sweepOnce(t.Context(), now) },
			func() { h.do(http.MethodDelete, path, nil, nil) },
			func() { h.server.note(ID(a.ID), now) },
		}
		var wg sync.WaitGroup
		wg.Go(others[i%len(others)])
		err := h.server.Keep(a.ID)
		wg.Wait()
		in, wanted := h.runtime.wanted[a.ID]
		switch kept := h.deployed.Has(ID(a.ID)); {
		case kept != (err == nil), kept != wanted, h.server.Has(ID(a.ID)):
			t.Fatalf("kept %v (%v), and wanted %+v", kept, err, in)
		case kept && (in.Kind != plan.KindDeployed || !in.ExpiresAt.IsZero()):
			t.Fatalf("the agent has %+v", in)
		case kept:
			h.do(http.MethodDelete, Deployed.prefix+"/"+a.ID, nil, nil).want(http.StatusNoContent)
		}
	}
}
