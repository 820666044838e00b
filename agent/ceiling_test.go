package agent

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
)

// A limit that is lowered below what an application has stops nothing: it keeps running, says why
// it could not be started again, and everything is well when it asks for less.
func TestLoweredCeilingEndsNothing(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "hello.x", func(a *config.App) { a.Manifest.Limits.Memory = 2 << 30 })
		h.config.Limits.Max.Memory = 4 << 30
		h.start()
		before := h.wantState(shop, api.StateRunning)
		lower := *h.config
		lower.Limits.Max.Memory = manifest.Bytes(1 << 30)
		h.agent.Reload(&lower, ProxyPorts{8443, 8443})
		h.settle()
		now := h.wantState(shop, api.StateRunning)
		if now.PID != before.PID || !strings.Contains(now.Why, "2G") || !strings.Contains(now.Why, "1G") {
			t.Errorf("it was pid %d, is %d, %q", before.PID, now.PID, now.Why)
		}
		h.agent.Reload(h.config, ProxyPorts{8443, 8443})
		h.settle()
		if now := h.wantState(shop, api.StateRunning); now.PID != before.PID || now.Why != "" {
			t.Errorf("it was pid %d, is %d, %q", before.PID, now.PID, now.Why)
		}
	})
}
