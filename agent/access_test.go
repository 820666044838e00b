package agent

import (
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/proxyctl"
)

func open(a *config.App) { a.Manifest.Access = manifest.AccessOpen }

// routeOf is the route of an instance in the table in force.
func (h *host) routeOf(id string) proxyctl.Route {
	h.t.Helper()
	h.proxy.mu.Lock()
	defer h.proxy.mu.Unlock()
	for _, r := range h.proxy.table.Routes {
		if r.Instance == id {
			return r
		}
	}
	h.t.Fatalf("no route of %s", id)
	return proxyctl.Route{}
}

func TestOpenApplicationGetsNoInternalSecret(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.x", open)
		h.app(blog, "blog.x")
		h.start()
		secret := func(id string) bool {
			return slices.ContainsFunc(h.spec(id).EnvFiles, func(f string) bool { return strings.HasSuffix(f, id+".env") })
		}
		if secret(shop) || !secret(blog) {
			t.Errorf("open application: %v, the other: %v", secret(shop), secret(blog))
		}
		if a, b := h.view(shop).Access, h.view(blog).Access; a != "open" || b != "areas" {
			t.Errorf("shown as %q and %q", a, b)
		}
		if a, b := h.routeOf(shop).Access, h.routeOf(blog).Access; a != proxyctl.AccessOpen || b != proxyctl.AccessAreas {
			t.Errorf("routed as %q and %q", a, b)
		}
	})
}

// What runs goes on running, but is not open any more from the reload on.
func TestPolicyClosesWhatIsOpen(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.x", open)
		h.start()
		before := h.wantState(shop, api.StateRunning)
		closed := *h.config
		closed.Policy.Open = false
		h.agent.Reload(&closed, ProxyPorts{8443, 8443})
		h.settle()
		now := h.wantState(shop, api.StateRunning)
		if now.PID != before.PID || !strings.Contains(now.Why, "policy.open") {
			t.Errorf("it was pid %d, is %d, %q", before.PID, now.PID, now.Why)
		}
		if r := h.routeOf(shop); r.Access != proxyctl.AccessAreas || now.Access != r.Access {
			t.Errorf("routed as %q, shown as %q", r.Access, now.Access)
		}
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.settle()
		if r, now := h.routeOf(shop), h.view(shop); r.Access != proxyctl.AccessOpen || now.Why != "" {
			t.Errorf("routed as %q, %q", r.Access, now.Why)
		}
	})
}

func TestLoginApplicationIsNotOpen(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.LoginInstance, h.config.AdminInstance = shop, blog
		h.config.Defaults.Access = manifest.AccessOpen
		h.app(shop, "login.x", open)
		h.app(blog, "admin.x")
		h.start()
		if v := h.wantState(shop, api.StateFailed); !strings.Contains(v.Why, `need "areas"`) {
			t.Errorf("why %q", v.Why)
		}
		h.wantState(blog, api.StateRunning)
		if r := h.routeOf(blog); r.Access != proxyctl.AccessAreas {
			t.Errorf("a default opened the admin application: %q", r.Access)
		}
	})
}

func TestPrivateApplication(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Policy.Open = false // which does not forbid it
		h.app(shop, "shop.x", func(a *config.App) {
			a.Manifest.Access, a.Manifest.Roles = manifest.AccessPrivate, []string{"ops"}
		})
		h.app(blog, "blog.x", func(a *config.App) {
			a.Manifest.Access, a.Manifest.Network = manifest.AccessPrivate, "socket"
		})
		h.start()
		for id, roles := range map[string][]string{shop: {"ops"}, blog: nil} {
			v, r := h.wantState(id, api.StateRunning), h.routeOf(id)
			if r.Access != proxyctl.AccessPrivate || !slices.Equal(r.Roles, roles) || v.Access != r.Access ||
				!slices.Equal(v.Roles, roles) {
				t.Errorf("routed as %q %q, shown as %q %q", r.Access, r.Roles, v.Access, v.Roles)
			}
			if v.Bypassable != (id == shop) {
				t.Errorf("%s is shown as bypassable: %t", v.Name, v.Bypassable)
			}
			for _, f := range h.spec(id).EnvFiles {
				if strings.HasSuffix(f, id+".env") {
					t.Errorf("it gets the internal secret: %s", f)
				}
			}
		}
		narrower := *h.config
		narrower.Apps = slices.Clone(h.config.Apps)
		i := slices.IndexFunc(narrower.Apps, func(a config.App) bool { return a.InstanceID == blog })
		narrower.Apps[i].Manifest.Roles = []string{"dev"}
		before := h.wantState(blog, api.StateRunning)
		h.agent.Reload(&narrower, ProxyPorts{8443, 8443})
		h.settle()
		now := h.wantState(blog, api.StateRunning)
		if r := h.routeOf(blog); now.Revision == before.Revision || !slices.Equal(r.Roles, []string{"dev"}) {
			t.Errorf("other roles are revision %s after %s, routed as %q", now.Revision, before.Revision, r.Roles)
		}
	})
}

func TestLoginApplicationIsNotPrivate(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.LoginInstance = shop
		h.app(shop, "login.x", func(a *config.App) { a.Manifest.Access = manifest.AccessPrivate })
		h.start()
		if v := h.wantState(shop, api.StateFailed); !strings.Contains(v.Why, `need "areas"`) {
			t.Errorf("why %q", v.Why)
		}
	})
}
