package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

func TestKilledAgentAdopts(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		unit := h.AwaitUnit(t, "hello")
		before := h.Identity(t, unit)
		h.UnderLoad(t, hello+"/public/time", 200, func() {
			for range 3 {
				pid := h.Must(t, "systemctl", "show", "-p", "MainPID", "--value", "nexushubd")
				h.Must(t, "kill", "-9", pid)
				h.restarted(t, "nexushubd", pid)
			}
		})
		if after := h.Identity(t, unit); after != before {
			t.Errorf("the application was touched:\nbefore %s\nafter  %s", before, after)
		}
		lab.Eventually(t, "the agent lists the application as running", func() error {
			out := h.Must(t, "nexushub", "list")
			if !strings.Contains(out, "running") {
				return errors.New(out)
			}
			return nil
		})
	})
}

// restarted waits until a service runs, as another process than before.
func (h *host) restarted(t *testing.T, unit, pid string) {
	t.Helper()
	lab.Eventually(t, unit+" runs again", func() error {
		now := h.Must(t, "systemctl", "show", "-p", "MainPID", "-p", "ActiveState", "--value", unit)
		if f := strings.Fields(now); len(f) == 2 && f[0] != pid && f[0] != "0" && f[1] == "active" {
			return nil
		}
		return errors.New(now)
	})
}

func TestServesWithoutAgent(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		h.Must(t, "systemctl", "stop", "nexushubd.socket", "nexushubd-debug.socket", "nexushubd.service")
		h.Must(t, "systemctl", "restart", "nexushub-proxy")
		h.AwaitServed(t, hello+"/public/time")
		h.AwaitServed(t, site+"/")
	})
}

func TestProxyRestartsUnderLoad(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		h.UnderLoad(t, hello+"/public/time", 200, func() {
			for range 3 {
				h.Must(t, "systemctl", "restart", "nexushub-proxy")
				h.AwaitServed(t, hello+"/public/time")
			}
		})
	})
}

func TestCrashedApplicationComesBack(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		unit := h.AwaitUnit(t, "hello")
		pid := h.Must(t, "systemctl", "show", "-p", "MainPID", "--value", unit)
		h.Must(t, "kill", "-9", pid)
		h.restarted(t, unit, pid)
		h.AwaitServed(t, hello+"/public/time")
	})
}

func TestChangedApplicationIsReplacedUnderLoad(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		first := h.AwaitUnit(t, "hello")
		h.UnderLoad(t, hello+"/public/time", 200, func() {
			h.Define(t, "hello", fmt.Sprintf("instance_id = %q\nhost_name = \"hello.yesterday.localhost\"\npackage = \"/srv/hello\"\nenv = { COLOUR = \"blue\" }\n", helloID))
			h.Reload(t)
			lab.Eventually(t, "only the new revision runs", func() error {
				if now := h.AwaitUnit(t, "hello"); now == first {
					return fmt.Errorf("still %s", now)
				}
				return nil
			})
		})
	})
}

func TestApplicationsComeBackAfterReboot(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		// PID 1 stops its sockets last when the host goes down, and nobody may wait for them before.
		const socket = "https://socket.yesterday.localhost:8443/public/time"
		h.Define(t, "socket", `instance_id = "0d9b6d1c-2a0b-4c67-9a55-3c0d7d0b6f0e"
host_name = "socket.yesterday.localhost"
package = "/srv/hello"
network = "socket"
`)
		h.Reload(t)
		h.AwaitServed(t, socket)
		start := time.Now()
		h.MustReboot(t)
		h.HTTP.CloseIdleConnections()
		h.AwaitServed(t, socket)
		h.AwaitServed(t, hello+"/public/time")
		h.AwaitServed(t, site+"/")
		t.Logf("served %s after the reboot was asked for", time.Since(start).Round(time.Millisecond))
	})
}

func TestTargetStopsAndStartsEverything(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		h.Must(t, "systemctl", "stop", "nexushub.target")
		if left := h.Sh(t, "systemctl list-units --plain --no-legend --state=active,activating 'nexushub*' | grep -vE '^nexushub(-core)?\\.slice' || true"); left != "" {
			t.Errorf("still active:\n%s", left)
		}
		if out := h.Sh(t, "ss -Hltn 'sport = :8443'"); out != "" {
			t.Errorf("still listening: %s", out)
		}
		h.Must(t, "systemctl", "start", "nexushub.target")
		h.HTTP.CloseIdleConnections()
		h.AwaitServed(t, hello+"/public/time")
	})
}
