package agent

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/admin"
	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/secret"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/units"
)

const (
	shopID  = "5b0b7f5e-0000-4000-8000-000000000001"
	otherID = "5b0b7f5e-0000-4000-8000-000000000002"
)

var ci = audience.Token("ci")

// deploy installs a release, as the debug API does.
func (h *host) deploy(id, appID, release string, by audience.Installer) error {
	h.t.Helper()
	p := h.agent.Debug()
	if err := p.Admit(Admission{ID: id, AppID: appID, By: by, Name: by.String()}); err != nil {
		return err
	}
	p.Put(plan.Instance{ID: id, HostName: appID + ".debug.x", AppID: appID, Release: release, InstalledBy: by})
	h.settle()
	return nil
}

func (h *host) mustDeploy(id, appID, release string, by audience.Installer) {
	h.t.Helper()
	if err := h.deploy(id, appID, release, by); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) secret(id, name string, words ...string) {
	h.t.Helper()
	if err := h.agent.SetSecrets(h.t.Context(), id, api.NewSecret{Name: name, Kind: secret.Env, Value: "v",
		For: words}); err != nil {
		h.t.Fatal(err)
	}
	h.settle()
}

// spec is what the unit of an instance was started with.
func (h *host) spec(id string) units.Spec {
	h.t.Helper()
	all := h.unitsOf(id)
	if len(all) != 1 {
		h.t.Fatalf("%d units of %s", len(all), id)
	}
	return h.units.Spec(all[0].Unit)
}

func (h *host) wantSecrets(id string, want ...string) {
	h.t.Helper()
	var got []string
	for _, f := range h.spec(id).EnvFiles[1:] {
		got = append(got, f[strings.LastIndexByte(f, '/')+1:])
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		h.t.Errorf("%s is given %q, want %q", id, got, want)
	}
}

func TestDeveloperDoesNotGetWhatRootSet(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Operator(1000))
		h.secret(shopID, "PASSWORD")
		h.wantSecrets(shopID, "PASSWORD")
		err := h.deploy(shopID, "shop", "evil", ci)
		if !errors.Is(err, api.Forbidden) || !strings.Contains(err.Error(), "PASSWORD") ||
			!strings.Contains(err.Error(), "nexushub secret set") {
			t.Errorf("deploying = %v, want a refusal that names the secret", err)
		}
		if v := h.view(shopID); v.Release != "one" || v.State != api.StateRunning {
			t.Errorf("%s %s, want what ran", v.Release, v.State)
		}
		// Whatever was admitted before, or came in otherwise: what decides is the unit.
		h.agent.Debug().Put(plan.Instance{ID: shopID, HostName: "shop.debug.x", AppID: "shop", Release: "evil",
			InstalledBy: ci})
		h.settle()
		h.wantSecrets(shopID)
		h.agent.Debug().Put(plan.Instance{ID: shopID, HostName: "shop.debug.x", AppID: "shop", Release: "one",
			InstalledBy: audience.Root})
		h.settle()
		h.wantSecrets(shopID, "PASSWORD")
	})
}

func TestSharedSecretLetsDevelopersDeploy(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.secret(shopID, "PASSWORD", string(ci))
		h.mustDeploy(shopID, "shop", "two", ci)
		h.wantSecrets(shopID, "PASSWORD")
		if err := h.deploy(shopID, "shop", "three", audience.Access); !errors.Is(err, api.Forbidden) {
			t.Errorf("another developer = %v, want a refusal", err)
		}
		h.secret(shopID, "PASSWORD", audience.Developers)
		h.mustDeploy(shopID, "shop", "three", audience.Access)
		h.wantSecrets(shopID, "PASSWORD")
		h.secret(shopID, "ROOT", audience.OnlyRoot)
		h.mustDeploy(shopID, "shop", "four", ci) // never had it
		h.wantSecrets(shopID, "PASSWORD")
	})
}

// The installer is known again after a restart, and from PID 1 when the state is lost.
func TestInstallerIsRemembered(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", ci)
		h.kill()
		h.wipe()
		h.start()
		orphans := h.agent.Debug().Orphans()
		if len(orphans) != 1 || orphans[0].InstalledBy != ci {
			t.Errorf("orphans = %+v, want one of %s", orphans, ci)
		}
	})
}

func TestRollbackVouchesForNothing(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "evil", ci)
		h.mustDeploy(shopID, "shop", "good", audience.Root)
		h.secret(shopID, "PASSWORD")
		if _, err := h.agent.Rollback(t.Context(), shopID, "evil"); !errors.Is(err, api.Forbidden) {
			t.Errorf("rollback = %v, want a refusal", err)
		}
		h.secret(shopID, "PASSWORD", audience.OnlyRoot, string(ci))
		if _, err := h.agent.Rollback(t.Context(), shopID, "evil"); err != nil {
			t.Fatal(err)
		}
		h.wantSecrets(shopID, "PASSWORD")
		h.secret(shopID, "OTHER")
		h.wantSecrets(shopID, "PASSWORD")
		h.kill()
		h.start()
		h.agent.Debug().Put(plan.Instance{ID: shopID, HostName: "shop.debug.x", AppID: "shop", Release: "good",
			InstalledBy: audience.Root})
		h.settle()
		h.wantSecrets(shopID, "PASSWORD")
	})
}

// All revisions of an application are one user: one that must not have a secret never runs
// beside one that has it.
func TestStrangersDoNotRunSideBySide(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "evil", ci)
		h.secret(shopID, "PASSWORD")
		h.wantSecrets(shopID)
		before := h.unitsOf(shopID)[0].Unit
		h.mustDeploy(shopID, "shop", "good", audience.Root)
		h.pass(time.Minute)
		h.wantSecrets(shopID, "PASSWORD")
		calls := h.units.Calls()
		stop, start := slices.Index(calls, "Stop "+before), slices.Index(calls, "Start "+h.unitsOf(shopID)[0].Unit)
		if stop < 0 || start < stop {
			t.Errorf("it started before the other one stopped: %q", calls)
		}
	})
}

// An application from before installers were recorded keeps what it has, and gets nothing
// new.
func TestUnrecordedInstallerKeepsWhatItHas(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Unrecorded)
		h.secret(shopID, "OLD", audience.Operators, audience.Before)
		h.wantSecrets(shopID, "OLD")
		h.secret(shopID, "NEW")
		h.wantSecrets(shopID, "OLD")
		if err := h.deploy(shopID, "shop", "two", ci); !errors.Is(err, api.Forbidden) {
			t.Errorf("a token = %v, want a refusal", err)
		}
		h.mustDeploy(shopID, "shop", "two", audience.Operator(5))
		h.wantSecrets(shopID, "NEW", "OLD")
	})
}

// A dynamic application takes what is installed under its app id, but not what would cost
// it a secret.
func TestDynamicApplicationKeepsItsSecrets(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Admin.Enabled = true
		h.start()
		h.agent.onDynamicList(admin.List{Applications: []admin.Application{{InstanceID: otherID, AppID: "shop",
			HostName: "shop.x"}}}, 10)
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.settle()
		h.secret(otherID, "PASSWORD")
		h.wantSecrets(otherID, "PASSWORD")
		if err := h.deploy(shopID, "shop", "evil", ci); !errors.Is(err, api.Forbidden) {
			t.Errorf("deploying = %v, want a refusal", err)
		}
		h.agent.Debug().Put(plan.Instance{ID: shopID, HostName: "shop.debug.x", AppID: "shop", Release: "evil",
			InstalledBy: ci})
		h.settle()
		if v := h.view(otherID); v.Release != "one" {
			t.Errorf("the dynamic application runs %s", v.Release)
		}
		h.wantSecrets(otherID, "PASSWORD")
		h.kill()
		h.start()
		h.wantSecrets(otherID, "PASSWORD")
		if in := h.agent.desired.installed["shop"]; in.By != audience.Root {
			t.Errorf("installed by %q", in.By)
		}
	})
}
