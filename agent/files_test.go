package agent

import (
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

const shopFiles = "/srv/shop.yesterday.localhost/static"

// wantFiles says which folder answers requests, and that no unit does.
func (h *host) wantFiles(dir string) {
	h.t.Helper()
	r, _ := h.proxy.route(shop)
	if r.State != proxyctl.StateReady || r.StaticDir != dir || r.Target != nil {
		h.t.Errorf("route is %s, to %v and %s; want files from %s", r.State, r.Target, r.StaticDir, dir)
	}
}

// reload deploys what the releases have now.
func (h *host) reload(d time.Duration) {
	h.agent.Reload(h.config, ProxyPorts{8443, 8443})
	h.pass(d)
}

// TestFilesStayUntilAProcessServes: a release of files alone is kept like any other until the one that
// replaces it is healthy, and for good if that is given up, over a restart of the agent, too.
func TestFilesStayUntilAProcessServes(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.releases.deployFiles("")
		h.start()
		h.wantState(shop, api.StateRunning)
		h.wantFiles(shopFiles)
		h.play(func(units.Spec) fake.Program { return fake.Program{Fails: 7} })
		h.releases.deploy("-v2")
		h.reload(100 * time.Millisecond)
		if v := h.wantState(shop, api.StateRunning); !strings.HasSuffix(v.Release, "localhost") || v.Revision != "" ||
			!strings.Contains(v.Why, "replace it") {
			t.Errorf("while the new one starts the view is %+v", v)
		}
		h.wantFiles(shopFiles)
		h.pass(time.Minute)
		for range 2 {
			v := h.wantState(shop, api.StateRunning)
			if !strings.HasSuffix(v.Release, "localhost") || !strings.Contains(v.Why, "was given up: exit status 7") {
				t.Errorf("release %s, why %q: want the files, and why the new one was given up", v.Release, v.Why)
			}
			h.wantFiles(shopFiles)
			if list := h.unitsOf(shop); len(list) != 0 {
				t.Errorf("units %+v are left of what was given up", list)
			}
			h.kill()
			h.start()
		}
		if _, err := h.agent.Rollback(t.Context(), shop, ""); err != nil {
			t.Fatal(err)
		}
		if v := h.wantState(shop, api.StateRunning); v.Why != "" {
			t.Errorf("after going back: %q", v.Why)
		}
		h.wantFiles("/releases/hash-of-" + shopFiles[:len(shopFiles)-len("/static")] + "/static")
		h.play(nil)
		h.releases.deploy("-v3")
		h.reload(time.Second)
		h.wantState(shop, api.StateRunning)
		if r, _ := h.proxy.route(shop); r.Target == nil || !strings.Contains(r.StaticDir, "-v3") {
			t.Errorf("the healthy one does not serve: %+v", r)
		}
		if list, err := h.agent.AppReleases(shop); err != nil || len(list) != 2 || !list[0].Current {
			t.Errorf("releases %+v (%v)", list, err)
		}
		h.releases.deployFiles("-v4")
		h.reload(time.Second)
		h.wantFiles("/srv/shop.yesterday.localhost-v4/static")
	})
}

// TestFilesStayBesideAFailedReleaseCommand: nothing of the new release has begun.
func TestFilesStayBesideAFailedReleaseCommand(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost")
		h.releases.deployFiles("")
		h.start()
		h.releases.deploy("-v2")
		withRelease(&h.config.Apps[0])
		h.playRelease(time.Minute, map[string]int{"/srv/shop.yesterday.localhost-v2": 3})
		h.reload(time.Second)
		if v := h.wantState(shop, api.StateRunning); !strings.Contains(v.Why, "release command runs") {
			t.Errorf("while it runs: %q", v.Why)
		}
		h.wantFiles(shopFiles)
		h.pass(2 * time.Minute)
		if v := h.wantState(shop, api.StateRunning); !strings.Contains(v.Why, "given up") {
			t.Errorf("why = %q", v.Why)
		}
		h.wantFiles(shopFiles)
		if list := h.unitsOf(shop); len(list) != 0 {
			t.Errorf("units %+v are left", list)
		}
	})
}

// TestFilesStayWithoutAPackage: what is not known changes nothing.
func TestFilesStayWithoutAPackage(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.yesterday.localhost", func(a *config.App) { a.Package += ".zip" })
		h.releases.deployFiles("-v1")
		h.start()
		files := "/srv/shop.yesterday.localhost.zip-v1/static"
		h.wantFiles(files)
		h.releases.lose("/srv/shop.yesterday.localhost.zip")
		h.reload(time.Second)
		if v := h.wantState(shop, api.StateRunning); !strings.Contains(v.Why, "served as they are") || v.Error == "" {
			t.Errorf("why = %q, error %q", v.Why, v.Error)
		}
		h.wantFiles(files)
		if _, err := h.agent.StopApp(t.Context(), shop); err != nil {
			t.Errorf("stop: %v", err)
		}
		h.wantState(shop, api.StateStopped)
		if r, _ := h.proxy.route(shop); r.State != proxyctl.StateDown || r.StaticDir != "" {
			t.Errorf("stopped, it is %s and serves %s", r.State, r.StaticDir)
		}
	})
}
