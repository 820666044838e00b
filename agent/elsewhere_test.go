package agent

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
)

// Who listens on another port gets the hint while it is still starting, and ends the waiting; it is left in
// peace, and may still come to the right one.
func TestAnotherPortIsToldEarly(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.health.leave(true)
		h.listens = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:3000")}
		h.app(shop, "shop.x", func(a *config.App) { a.Manifest.ProxyAll = true })
		h.start()
		h.wantHint(shop, "")
		began := time.Now()
		v, err := h.agent.WaitSettled(t.Context(), shop, "")
		if took := time.Since(began); took > 8*time.Second || !errors.Is(err, api.Failed) ||
			!strings.Contains(err.Error(), "listens on 127.0.0.1:3000, but not on 127.0.0.1:") {
			t.Errorf("after %s: %v", took, err)
		}
		if len(v.Hints) != 1 || v.Hints[0].Name != "other-port" || v.State != api.StateStarting || v.Restarts > 0 {
			t.Errorf("it ends as %+v", v)
		}
		h.health.leave(false)
		h.settle()
		h.wantState(shop, api.StateRunning)
		h.wantHint(shop, "")
	})
}

// Who has said how long its start may take is waited for, with the hint.
func TestALongStartIsWaitedFor(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.health.leave(true)
		h.listens = []netip.AddrPort{netip.MustParseAddrPort("[::]:9229")}
		h.app(shop, "shop.x", func(a *config.App) { a.Manifest.Health.StartPeriod = manifest.Duration(5 * time.Minute) })
		h.start()
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		if v, err := h.agent.WaitSettled(ctx, shop, ""); !errors.Is(err, api.Timeout) || v.Hints[0].Name != "other-port" {
			t.Errorf("%+v, %v", v.Hints, err)
		}
		h.pass(time.Minute + 2*time.Second) // its next run has not listened for long, and the hint stays
		if v := h.view(shop); v.Attempt != 1 {
			t.Errorf("it is %+v", v)
		}
		h.wantHint(shop, "other-port")
	})
}

// Beside a revision that serves, only what has begun to listen since counts; in a network of its own nobody
// is looked for.
func TestOnlyItsOwnPortsCount(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.x")
		h.app(blog, "blog.x", func(a *config.App) { a.Manifest.Network = "guest" })
		h.start()
		h.wantState(shop, api.StateRunning)
		h.listens = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9000")}
		h.health.leave(true)
		h.releases.deploy("-v2")
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.pass(20 * time.Second)
		for _, id := range []string{shop, blog} {
			for _, u := range h.unitsOf(id) {
				if r, _ := h.agent.monitor.Result(u.Unit); r.Elsewhere != "" {
					t.Errorf("%s is taken to listen on %s", u.Unit, r.Elsewhere)
				}
			}
		}
	})
}
