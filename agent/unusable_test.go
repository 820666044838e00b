package agent

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// A start that goes on without the file of an application leaves alone what runs of it, routes
// to it, and remembers what it knew, whether or not the file tells which application it is about.
func TestStartWithoutAFile(t *testing.T) {
	for name, spoil := range map[string]func(c *config.Config){
		"known": func(c *config.Config) {
			a := c.Apps[0]
			c.Apps[0] = config.App{InstanceID: a.InstanceID, HostName: a.HostName, AppID: a.AppID, Problem: "x.toml:3: bad"}
			c.Unusable = tomlfile.Faults{{File: "x.toml", Line: 3, Problem: "bad"}}
		},
		"unknown": func(c *config.Config) {
			c.Apps, c.Incomplete = c.Apps[1:], true
			c.Unusable = tomlfile.Faults{{File: "x.toml", Problem: "bad"}, {File: "x.toml", Problem: "worse"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			onHost(t, func(t *testing.T, h *host) {
				h.app(shop, "shop.test")
				h.app(blog, "blog.test")
				h.start()
				before := h.wantState(shop, api.StateRunning)
				h.agent.mu.Lock()
				history := len(h.agent.observed.memory(shop).History)
				h.agent.mu.Unlock()
				sound := *h.config
				spoiled := sound
				spoiled.Apps = append([]config.App{}, sound.Apps...)
				spoil(&spoiled)
				h.kill()
				h.config = &spoiled
				h.start()
				after := h.wantState(shop, api.StateRunning)
				if after.Unit != before.Unit || after.PID != before.PID || after.Route != before.Route {
					t.Errorf("it was %+v, is %+v", before, after)
				}
				h.wantState(blog, api.StateRunning)
				s, err := h.agent.System(t.Context())
				if err != nil || !strings.HasPrefix(s.Providers[0].Error, "x.toml") {
					t.Errorf("the provider says %+v, %v", s.Providers, err)
				}
				h.agent.mu.Lock()
				if got := len(h.agent.observed.memory(shop).History); got != history || history == 0 {
					t.Errorf("remembers %d releases, had %d", got, history)
				}
				h.agent.mu.Unlock()
				h.agent.Deployed().Restored()
				h.agent.Debug().Restored()
				if _, complete := h.agent.ReleasesInUse(); complete == (name == "unknown") {
					t.Errorf("releases may be removed: %v", complete)
				}
				h.agent.Reload(&sound, ProxyPorts{8443, 8443})
				h.settle()
				if v := h.wantState(shop, api.StateRunning); v.Unit != before.Unit || v.Why != "" {
					t.Errorf("after the file was mended: %+v", v)
				}
				sound.Apps = sound.Apps[1:]
				h.agent.Reload(&sound, ProxyPorts{8443, 8443})
				h.settle()
				for _, a := range h.agent.Apps() {
					if a.ID == shop {
						t.Errorf("after it was removed: %+v", a)
					}
				}
			})
		})
	}
}

// Nothing of it runs after a boot, and what an operator has decided about it is kept.
func TestBootWithoutAFile(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.test")
		h.app(blog, "blog.test")
		h.start()
		if _, err := h.agent.StopApp(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
		h.settle()
		sound := *h.config
		spoiled := sound
		spoiled.Apps, spoiled.Incomplete = sound.Apps[1:], true
		h.kill()
		h.config = &spoiled
		h.start()
		h.wantState(blog, api.StateRunning)
		h.agent.mu.Lock()
		if m := h.agent.observed.memory(shop); m.Stopped == "" || m.Good == nil {
			t.Errorf("it is remembered as %+v", m)
		}
		h.agent.mu.Unlock()
		h.kill()
		h.config = &sound
		h.start()
		h.wantState(shop, api.StateStopped)
	})
}
