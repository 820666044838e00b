package debug

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/api"
)

// Who installed a release is known to the agent, also after a restart.
func TestInstallerGoesWithTheRelease(t *testing.T) {
	h := newHost(t)
	h.uid = 1000
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	for range 2 {
		if by := h.runtime.wanted[a.ID].InstalledBy; by != audience.Operator(1000) {
			t.Errorf("installed by %q", by)
		}
		h.start()
	}
	h.uid = 0
	h.upload(path, packageOf(t, "two"))
	h.install(path)
	if by := h.runtime.wanted[a.ID].InstalledBy; by != audience.Root {
		t.Errorf("installed by %q", by)
	}
}

// The refusal comes before anything has changed.
func TestRefusedReleaseLeavesTheOldOne(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	before := h.runtime.wanted[a.ID]
	h.runtime.admit = func(n agent.Admission) error {
		if n.By != audience.Operator(7) {
			return nil
		}
		return fmt.Errorf("shop would lose the secret PASSWORD: %w", api.Forbidden)
	}
	h.uid = 7
	h.upload(path, packageOf(t, "two"))
	if p := h.post(path+"/install", "").problem(http.StatusForbidden); !strings.Contains(p.Detail, "PASSWORD") {
		t.Errorf("detail %q", p.Detail)
	}
	h.post("/debug/application", `{"appId":"shop","hostName":"other.debug"}`).problem(http.StatusForbidden)
	if now := h.runtime.wanted[a.ID]; now.Release != before.Release || now.InstalledBy != audience.Root ||
		now.HostName != before.HostName {
		t.Errorf("it is %+v now, it was %+v", now, before)
	}
	h.get(path + "/status").want(http.StatusOK)
}

// TestFoundIsNotChanged: who may not install a release changes nothing about an application either.
func TestFoundIsNotChanged(t *testing.T) {
	h := newHost(t)
	h.post("/v1/deployed", `{"appId":"shop"}`).want(http.StatusCreated)
	h.runtime.admit = func(n agent.Admission) error {
		if n.By == audience.Root {
			return nil
		}
		return fmt.Errorf("shop would lose the secret PASSWORD: %w", api.Forbidden)
	}
	w := h.ask(token(api.Developer, "shop"), "POST", "/v1/deployed", `{"appId":"shop","dbName":"mine"}`)
	if a := h.deployed.apps.all()[0]; w.Code != http.StatusForbidden || a.DBName != "" {
		t.Errorf("got %d %s, it is %+v", w.Code, w.Body, a)
	}
	h.post("/v1/deployed", `{"appId":"shop","dbName":"ours"}`).want(http.StatusOK)
}

// Secrets follow an application that is created again, and go with one that is deleted.
func TestSecretsFollowTheApplication(t *testing.T) {
	h := newHost(t)
	_, first := h.create(`{"appId":"shop"}`)
	path, second := h.create(`{"appId":"shop","hostName":"shop.debug"}`)
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusNoContent)
	want := []string{first.ID + " " + second.ID, "- " + first.ID, "- " + second.ID}
	if got := h.runtime.inherited; !slices.Equal(got, want) {
		t.Errorf("secrets went %q, want %q", got, want)
	}
}

func TestEachCallerIsNamed(t *testing.T) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if by := callerOf(r); by.Known() {
		t.Errorf("a request of nobody is %q's", by.Installer)
	}
	h := newHost(t)
	h.http.Config.Handler = h.server.Handler()
	h.get("/debug/application").want(http.StatusForbidden)
}
