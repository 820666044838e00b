package agent

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/ifmatch"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// settle applies a patch, and wants what the error says; empty: none.
func (h *host) set(id, patch, fault string) api.Settings {
	h.t.Helper()
	s, err := h.agent.ChangeSettings(caller.With(h.t.Context(), caller.Local(1000)), id, []byte(patch))
	if fault == "" && err != nil || fault != "" && (err == nil || !strings.Contains(err.Error(), fault)) {
		h.t.Fatalf("%s: error %v, want %q", patch, err, fault)
	}
	h.settle()
	return s
}

// What cannot be saved is refused, instead of lost at the next start, and nothing changes. What
// fills the disk can be stopped.
func TestFullDiskRefusesChanges(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.set(shopID, `{"env":{"MODE":"before"}}`, "")
		h.state.full.Store(true)
		h.set(shopID, `{"env":{"MODE":"after"}}`, "is left as it was")
		if _, err := h.agent.Rollback(t.Context(), shopID, ""); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("rollback: %v", err)
		}
		h.pass(time.Minute)
		h.wantHolds(shopID, "env.MODE before settings")
		h.wantState(shopID, api.StateRunning)
		if _, err := h.agent.StopApp(t.Context(), shopID); err != nil {
			t.Error(err)
		}
		h.state.full.Store(false)
		if _, err := h.agent.StartApp(t.Context(), shopID); err != nil {
			t.Error(err)
		}
		h.set(shopID, `{"env":{"OTHER":"1"}}`, "")
		h.kill()
		h.start()
		h.agent.Debug().Put(plan.Instance{ID: shopID, HostName: "shop.debug.x", AppID: "shop", Release: "one"})
		h.settle()
		h.wantHolds(shopID, "env.MODE before settings", "env.OTHER 1 settings")
	})
}

// What is being stopped gets no requests, also if it is what is wanted again: it is started anew first.
func TestSettingsGoBackWhileTheOldUnitStops(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.play(func(units.Spec) fake.Program { return fake.Program{Stops: 5 * time.Second} })
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		first := h.view(shopID).Unit
		h.set(shopID, `{"env":{"MODE":"other"}}`, "")
		second, begun := h.view(shopID).Unit, time.Now()
		set := make(chan error, 1)
		go func() {
			_, err := h.agent.ChangeSettings(caller.With(t.Context(), caller.Local(1000)), shopID, []byte(`{"env":{"MODE":null}}`))
			set <- err
		}()
		h.pass(time.Second)
		if got := h.targetOf(shopID); got != second {
			t.Errorf("while %s stops, requests go to %s, want %s", first, got, second)
		}
		if err := <-set; err != nil || time.Since(begun) < 4*time.Second {
			t.Errorf("it says after %s that all is done: %v", time.Since(begun), err)
		}
		h.settle()
		if got := h.targetOf(shopID); got != first || h.view(shopID).Unit != first {
			t.Errorf("requests go to %s, want %s", got, first)
		}
		h.wantState(shopID, api.StateRunning)
	})
}

// targetOf is the unit that the proxy leads the requests of an instance to.
func (h *host) targetOf(id string) string {
	r, _ := h.proxy.route(id)
	if r.Target == nil {
		return ""
	}
	return r.Target.ID
}

// holds is what is effective, and who says so.
func (h *host) holds(id, key string) string {
	h.t.Helper()
	s, err := h.agent.Settings(id)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range s.Effective {
		if e.Key == key {
			return e.Value + " " + e.From
		}
	}
	return ""
}

func (h *host) wantHolds(id string, want ...string) {
	h.t.Helper()
	for _, w := range want {
		key, holds, _ := strings.Cut(w, " ")
		if got := h.holds(id, key); got != holds {
			h.t.Errorf("%s is %q, want %q", key, got, holds)
		}
	}
}

func (h *host) rollback(id, to string) {
	h.t.Helper()
	if _, err := h.agent.Rollback(h.t.Context(), id, to); err != nil {
		h.t.Fatal(err)
	}
	h.settle()
}

func TestSettingsAreANewRevision(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.releases.manifests = map[string]manifest.Manifest{
			"one": {Env: map[string]string{"A": "of the manifest", "B": "of the manifest"}},
			"two": {Env: map[string]string{"A": "of the operator", "B": "of the manifest"}, Access: "open"},
		}
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		before := h.view(shopID).Unit
		h.set(shopID, `{"env":{"A":"of the operator"},"limits":{"memory":"1G"},"access":"areas"}`, "")
		spec := h.spec(shopID)
		if h.view(shopID).Unit == before || spec.Env["A"] != "of the operator" || spec.MemoryMax != 1<<30 {
			t.Errorf("runs as %+v", spec)
		}
		h.mustDeploy(shopID, "shop", "two", audience.Root)
		h.wantHolds(shopID, "env.A of the operator settings", "env.B of the manifest manifest", "limits.memory 1G settings",
			"access areas settings", "limits.tasks 512 default", "limits.cpu none ")
		byManifest := h.agent.desired.apps[0].Spec
		h.set(shopID, `{"env":null}`, "")
		if bySettings := h.agent.desired.apps[0].Spec; bySettings.Revision() != byManifest.Revision() {
			t.Error("the same variable is another revision when the manifest says it")
		}
		h.kill()
		h.start()
		h.agent.Debug().Put(plan.Instance{ID: shopID, HostName: "shop.debug.x", AppID: "shop", Release: "two"})
		h.settle()
		h.wantHolds(shopID, "limits.memory 1G settings", "access areas settings")
	})
}

// What never becomes healthy is wanted and given up, as a release is; one command undoes it.
func TestSettingsThatFailAreGivenUp(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.set(shopID, `{"env":{"A":"1"}}`, "")
		serves := h.view(shopID)
		h.health.mu.Lock()
		h.health.new = true
		h.health.mu.Unlock()
		h.set(shopID, `{"env":{"A":"2"}}`, "answered 503")
		if now := h.view(shopID); now.PID != serves.PID || now.Unit != serves.Unit {
			t.Errorf("served by pid %d of %s, want %d of %s", now.PID, now.Unit, serves.PID, serves.Unit)
		}
		s, err := h.agent.Settings(shopID)
		if err != nil || !strings.Contains(s.GivenUp, "answered 503") || s.Env["A"] != "2" {
			t.Errorf("settings %+v, %v", s, err)
		}
		list, err := h.agent.AppReleases(shopID)
		if err != nil || len(list) != 2 || list[0].Current {
			t.Errorf("releases %+v, %v", list, err)
		}
		h.rollback(shopID, "")
		if now := h.view(shopID); now.PID != serves.PID || now.Error != "" {
			t.Errorf("undone: served by pid %d, want %d: %s", now.PID, serves.PID, now.Error)
		}
		h.wantHolds(shopID, "env.A 1 settings")
	})
}

func TestRollbackRestoresReleaseAndSettings(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		want := func(release, debug string) {
			t.Helper()
			spec := h.spec(shopID)
			if spec.Release != release || spec.Env["DEBUG"] != debug {
				t.Fatalf("runs release %s with DEBUG=%s, want %s with %s", spec.Release, spec.Env["DEBUG"], release, debug)
			}
		}
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.set(shopID, `{"env":{"DEBUG":"1"}}`, "")
		h.mustDeploy(shopID, "shop", "two", audience.Root)
		h.set(shopID, `{"env":{"DEBUG":"2"}}`, "")
		want("two", "2")
		h.rollback(shopID, "")
		want("two", "1")
		h.rollback(shopID, "")
		want("two", "2")
		h.rollback(shopID, "one")
		want("one", "1")
		h.set(shopID, `{"env":{"DEBUG":"3"}}`, "")
		want("one", "3")
		list, err := h.agent.AppReleases(shopID)
		if err != nil {
			t.Fatal(err)
		}
		var shown []string
		for _, r := range list {
			shown = append(shown, r.ID+": "+strings.Join(r.Changed, ", "))
		}
		if text := strings.Join(shown, "; "); !list[0].Current || list[1].Current ||
			text != "one: config DEBUG; one: release, config DEBUG; two: config DEBUG; two: release, config DEBUG; one: " {
			t.Errorf("releases: %s: %+v", text, list)
		}
		h.rollback(shopID, list[4].Edition)
		want("one", "")
		h.mustDeploy(shopID, "shop", "three", audience.Root)
		want("three", "")
	})
}

// Who goes back, and then installs the release that he went back from, gets that; a release that came
// between ends the way back for good.
func TestRollbackEndsWithAnInstallation(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		runs := func(want string) {
			t.Helper()
			if got := h.spec(shopID).Release; got != want {
				t.Fatalf("runs release %s, want %s", got, want)
			}
		}
		launch := func(release string, again bool) {
			t.Helper()
			h.mustDeploy(shopID, "shop", release, audience.Root)
			if _, err := h.agent.Debug().Launch(t.Context(), shopID, again); err != nil {
				t.Fatal(err)
			}
			h.settle()
			runs(release)
		}
		launch("one", false)
		launch("two", false)
		h.rollback(shopID, "")
		runs("one")
		launch("two", true)
		h.rollback(shopID, "one")
		h.mustDeploy(shopID, "shop", "three", audience.Root)
		runs("three")
		h.mustDeploy(shopID, "shop", "two", audience.Root)
		runs("two")
	})
}

// A limit that is lowered below what was set is named as what it is about.
func TestSettingsAboveALoweredCeiling(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Limits.Max.Memory = 4 << 30
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.set(shopID, `{"limits":{"memory":"2G"}}`, "")
		lower := *h.config
		lower.Limits.Max.Memory = 1 << 30
		h.agent.Reload(&lower, ProxyPorts{8443, 8443})
		h.settle()
		if v := h.wantState(shopID, api.StateRunning); !strings.Contains(v.Why, "settings: limits.memory: asks for 2G") {
			t.Errorf("why: %s", v.Why)
		}
		h.set(shopID, `{"limits":{"memory":null}}`, "")
		if v := h.wantState(shopID, api.StateRunning); v.Why != "" {
			t.Errorf("why: %s", v.Why)
		}
	})
}

func TestRefusedSettings(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Limits.Max.Memory = 1 << 30
		h.config.LoginInstance = otherID
		h.app(shop, "hello.x", func(a *config.App) { a.File = "/etc/nexushub/apps.d/hello.toml" })
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.mustDeploy(otherID, "login", "one", audience.Root)
		h.secret(shopID, "PASSWORD")
		before := h.view(shopID).Revision
		h.set(shop, `{"env":{"A":"1"},"limits":{"cpu":50}}`,
			"write env.A, limits.cpu into /etc/nexushub/apps.d/hello.toml and run systemctl reload nexushubd")
		h.set(shopID, `{"limits":{"memory":"2G"}}`, "2G, and 1G is the most")
		h.set(shopID, `{"env":{"PASSWORD":"1"}}`, "env.PASSWORD: is the name of a secret")
		h.set(otherID, `{"access":"open"}`, `need "areas"`)
		h.set("none", `{}`, "not found")
		closed := *h.config
		closed.Policy.Open = false
		h.agent.Reload(&closed, ProxyPorts{8443, 8443})
		h.settle()
		h.set(shopID, `{"access":"open"}`, "this host forbids (policy.open")
		h.wantHolds(shopID, "access areas policy")
		var fault *api.Fault
		_, err := h.agent.ChangeSettings(t.Context(), shopID, []byte(`{"access":"open","env":{"PASSWORD":"1","PORT":"1"}}`))
		if !errors.As(err, &fault) || len(fault.Faults) != 3 || fault.Faults[0].Pointer != "/env/PORT" {
			t.Errorf("not every fault is listed: %+v", fault)
		}
		if now := h.view(shopID).Revision; now != before {
			t.Error("what was refused changed the application")
		}
	})
}

// What an operator has narrowed is not for developers to widen, nor to roll back.
func TestDevelopersChangeConfigAlone(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.set(shopID, `{"access":"open"}`, "")
		h.set(shopID, `{"access":"areas"}`, "")
		ctx := caller.With(t.Context(), caller.Bearer(api.Token{ID: "ci", Role: api.Developer}))
		for _, patch := range []string{`{"access":"open"}`, `{"access":null}`, `{"limits":{"memory":"64M"}}`} {
			if _, err := h.agent.ChangeSettings(ctx, shopID, []byte(patch)); !errors.Is(err, api.Forbidden) {
				t.Errorf("%s: %v", patch, err)
			}
		}
		if _, err := h.agent.Rollback(ctx, shopID, ""); !errors.Is(err, api.Forbidden) {
			t.Errorf("rolled back to an open edition: %v", err)
		}
		if _, err := h.agent.ChangeSettings(ctx, shopID, []byte(`{"env":{"A":"1"}}`)); err != nil {
			t.Error(err)
		}
		h.wantHolds(shopID, "access areas settings", "env.A 1 settings")
		if _, err := h.agent.Rollback(ctx, shopID, ""); err != nil {
			t.Error(err)
		}
	})
}

// TestVariablesAreForWhoGetsTheSecrets: they decide where a program sends what it has.
func TestVariablesAreForWhoGetsTheSecrets(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		set := func(who caller.Caller) error {
			_, err := h.agent.ChangeSettings(caller.With(t.Context(), who), shopID, []byte(`{"env":{"API":"https://evil"}}`))
			return err
		}
		token := func(role api.Role) caller.Caller { return caller.Bearer(api.Token{ID: "ci", Name: "ci", Role: role}) }
		h.secret(shopID, "PASSWORD")
		for _, role := range []api.Role{api.Developer, api.Operator} {
			err := set(token(role))
			if !errors.Is(err, api.Forbidden) || !strings.Contains(err.Error(), "--keep-value --for ci shop") {
				t.Errorf("%s: %v", role, err)
			}
		}
		if err := set(caller.Local(1000)); err != nil {
			t.Errorf("a member of the group, who gets it: %v", err)
		}
		back := caller.With(t.Context(), token(api.Operator))
		if _, err := h.agent.Rollback(back, shopID, ""); !errors.Is(err, api.Forbidden) {
			t.Errorf("back to other variables: %v", err)
		}
		h.secret(shopID, "ROOT", audience.OnlyRoot)
		if err := set(caller.Local(1000)); err != nil {
			t.Errorf("nothing changes: %v", err)
		}
		if _, err := h.agent.ChangeSettings(caller.With(t.Context(), caller.Local(1000)), shopID,
			[]byte(`{"env":null}`)); !errors.Is(err, api.Forbidden) {
			t.Errorf("root's: %v", err)
		}
	})
}

// TestVariablesOfBeforeASecret: whoever set variables when there was no secret yet, or none that was not for
// him, does not get one by them, in whatever order release and secret come.
func TestVariablesOfBeforeASecret(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		developer := caller.With(t.Context(), caller.Bearer(api.Token{ID: "ci", Name: "ci", Role: api.Developer}))
		set := func(patch string) error {
			_, err := h.agent.ChangeSettings(developer, shopID, []byte(patch))
			h.settle()
			return err
		}
		runsWith := func(want string) {
			t.Helper()
			if got := h.spec(shopID).Env["API"]; got != want {
				t.Errorf("it runs with API=%q, want %q", got, want)
			}
		}
		h.mustDeploy(shopID, "shop", "one", ci)
		if err := set(`{"env":{"API":"https://evil"}}`); err != nil {
			t.Fatal(err)
		}
		h.secret(shopID, "PASSWORD")
		runsWith("https://evil") // his release does not get it
		h.mustDeploy(shopID, "shop", "two", audience.Operator(1000))
		h.wantSecrets(shopID, "PASSWORD")
		runsWith("")
		h.kill()
		h.start()
		h.mustDeploy(shopID, "shop", "two", audience.Operator(1000))
		runsWith("")
		for what, said := range map[string][]string{
			"status": h.view(shopID).Withheld, "settings": h.set(shopID, `{}`, "").Withheld,
		} {
			if text := strings.Join(said, "\n"); len(said) != 1 || !strings.Contains(text, "API") ||
				!strings.Contains(text, "token ci") || strings.Contains(text, "PASSWORD") || strings.Contains(text, "evil") {
				t.Errorf("%s says %q", what, said)
			}
		}
		h.set(shopID, `{"env":{"API":"https://evil"}}`, "") // an operator vouches for it
		runsWith("https://evil")
		if said := h.view(shopID).Withheld; len(said) > 0 {
			t.Errorf("still %q", said)
		}
		if err := set(`{"env":{"API":"https://evil"}}`); !errors.Is(err, api.Forbidden) {
			t.Errorf("made his again: %v", err)
		}
		h.secret(shopID, "ROOT", audience.OnlyRoot)
		h.mustDeploy(shopID, "shop", "three", audience.Root)
		runsWith("") // what the operator has set
	})
}

// TestDevelopersRemoveNothingOfAnOperator: what he has set would be gone with the application.
func TestDevelopersRemoveNothingOfAnOperator(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		try := func(who caller.Caller) error {
			return h.agent.Debug().AdmitRemoval(caller.With(t.Context(), who), shopID, "shop")
		}
		token := func(role api.Role) caller.Caller { return caller.Bearer(api.Token{ID: "ci", Role: role}) }
		h.set(shopID, `{"env":{"A":"1"}}`, "") // a developer may set that himself
		if err := try(token(api.Developer)); err != nil {
			t.Error(err)
		}
		for _, patch := range []string{`{"limits":{"memory":"64M"}}`, `{"limits":null,"access":"areas"}`} {
			h.set(shopID, patch, "")
			for _, role := range []api.Role{"", api.Developer} {
				if err := try(token(role)); !errors.Is(err, api.Forbidden) || !strings.Contains(err.Error(), "of shop") {
					t.Errorf("%s, role %q: %v", patch, role, err)
				}
			}
			for _, who := range []caller.Caller{token(api.Operator), caller.Local(1000), caller.Local(0)} {
				if err := try(who); err != nil {
					t.Errorf("%s, %s: %v", patch, who.Installer, err)
				}
			}
		}
		h.set(shopID, `{"access":null}`, "")
		if err := try(token(api.Developer)); err != nil {
			t.Error(err)
		}
	})
}

// Whoever sets something on a stopped application does not start it.
func TestSettingsOfAStoppedApplication(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		if _, err := h.agent.StopApp(t.Context(), shopID); err != nil {
			t.Fatal(err)
		}
		if s := h.set(shopID, `{"env":{"A":"1"}}`, ""); s.Stopped == "" {
			t.Error("nothing says that it is stopped")
		}
		h.wantState(shopID, api.StateStopped)
		if _, err := h.agent.StartApp(t.Context(), shopID); err != nil {
			t.Fatal(err)
		}
		if got := h.spec(shopID).Env["A"]; got != "1" {
			t.Errorf("it started with A=%q", got)
		}
	})
}

// An application that replaces another inherits its settings, over a restart of the agent between
// its creation and its first release.
func TestSettingsAreInherited(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.agent.Debug().Restored()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.set(shopID, `{"env":{"A":"1"}}`, "")
		if err := h.agent.Debug().Inherit(shopID, otherID); err != nil {
			t.Fatal(err)
		}
		if err := h.agent.Debug().Remove(t.Context(), shopID); err != nil {
			t.Fatal(err)
		}
		h.settle()
		h.kill()
		h.start()
		h.agent.Debug().Restored()
		h.settle()
		h.mustDeploy(otherID, "shop", "two", audience.Root)
		if got := h.spec(otherID).Env["A"]; got != "1" {
			t.Errorf("the heir runs with A=%q", got)
		}
		if err := h.agent.Debug().Inherit(otherID, shopID); err != nil {
			t.Fatal(err)
		}
		if err := h.agent.Debug().Disinherit(shopID); err != nil {
			t.Fatal(err)
		}
		if m := h.agent.observed.known(shopID).memory; m != nil {
			t.Errorf("what was deleted before its first release is remembered: %+v", m)
		}
	})
}

// What widens is told and logged with who did it; what is set is neither.
func TestWideningIsToldAndLogged(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		var log bytes.Buffer
		h.log = slog.NewTextHandler(&log, nil)
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		s := h.set(shopID, `{"access":"open","limits":{"memory":"1G","tasks":5},"env":{"A":"hidden"}}`, "")
		const want = "access from areas to open; limits.memory from 512M to 1G"
		if got := strings.Join(s.Widened, "; "); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
		if text := log.String(); !strings.Contains(text, "by=uid:1000") || !strings.Contains(text, "access from areas to open") ||
			!strings.Contains(text, "config A") || strings.Contains(text, "hidden") {
			t.Errorf("logged: %s", text)
		}
		if s := h.set(shopID, `{"access":"areas"}`, ""); len(s.Widened) > 0 {
			t.Errorf("closing it widens %q", s.Widened)
		}
	})
}

// A release is compared with what served, under the settings that hold.
func TestWideningOfARelease(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		asks := func(access string, proc bool) fact.Release {
			return fact.Release{Hash: "two", Manifest: manifest.Manifest{Access: access, Sandbox: manifest.Sandbox{Proc: proc}}}
		}
		if got := h.agent.Debug().Widening(shopID, asks("open", true)); got != nil {
			t.Errorf("of what is new: %q", got)
		}
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		for _, c := range []struct{ settings, want string }{
			{`{}`, "access from areas to open; sandbox.proc from false to true"},
			{`{"access":"areas"}`, "sandbox.proc from false to true"},
		} {
			h.set(shopID, c.settings, "")
			if got := strings.Join(h.agent.Debug().Widening(shopID, asks("open", true)), "; "); got != c.want {
				t.Errorf("%s: %q, want %q", c.settings, got, c.want)
			}
		}
	})
}

// Files alone have editions, too.
func TestRollbackOfFiles(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.releases.bare = true
		h.start()
		h.mustDeploy(shopID, "site", "one", audience.Root)
		h.mustDeploy(shopID, "site", "two", audience.Root)
		h.rollback(shopID, "")
		if r := h.routeOf(shopID); !strings.Contains(r.StaticDir, "one") {
			t.Errorf("files are from %s", r.StaticDir)
		}
		h.rollback(shopID, "")
		if r := h.routeOf(shopID); !strings.Contains(r.StaticDir, "two") {
			t.Errorf("files are from %s", r.StaticDir)
		}
	})
}

// TestSettingsIfMatch: of two who have read the same, one changes it, and the other is told.
func TestSettingsIfMatch(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		read := h.set(shopID, `{"env":{"A":"1"},"limits":{"memory":"64M"}}`, "")
		ctx := ifmatch.With(caller.With(t.Context(), caller.Local(0)), ifmatch.Tag(read.Set()))
		if _, err := h.agent.ChangeSettings(ctx, shopID, []byte(`{"env":{"A":"2"}}`)); err != nil {
			t.Fatal(err)
		}
		_, err := h.agent.ChangeSettings(ctx, shopID, []byte(`{"env":{"A":"3"}}`))
		if now, _ := h.agent.Settings(shopID); !errors.Is(err, api.Stale) || now.Env["A"] != "2" {
			t.Errorf("the second: %v, %+v", err, now.Set())
		}
	})
}
