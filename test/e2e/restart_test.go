package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestKilledAgentAdopts(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples()
		unit := h.unit("hello")
		before := h.identity(unit)
		h.underLoad(hello+"/public/time", func() {
			for range 3 {
				pid := h.Must(t, "systemctl", "show", "-p", "MainPID", "--value", "nexushubd")
				h.Must(t, "kill", "-9", pid)
				h.restarted("nexushubd", pid)
			}
		})
		if after := h.identity(unit); after != before {
			t.Errorf("the application was touched:\nbefore %s\nafter  %s", before, after)
		}
		h.eventually("the agent knows it again", func() error {
			out := h.Must(t, "nexushub", "list")
			if !strings.Contains(out, "running") {
				return errMissing(out)
			}
			return nil
		})
	})
}

// restarted waits until a service runs, as another process than before.
func (h *host) restarted(unit, pid string) {
	h.t.Helper()
	h.eventually(unit+" runs again", func() error {
		now := h.Must(h.t, "systemctl", "show", "-p", "MainPID", "-p", "ActiveState", "--value", unit)
		if f := strings.Fields(now); len(f) == 2 && f[0] != pid && f[0] != "0" && f[1] == "active" {
			return nil
		}
		return errMissing(now)
	})
}

func TestServesWithoutAgent(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples()
		h.Must(t, "systemctl", "stop", "nexushubd.socket", "nexushubd-debug.socket", "nexushubd.service")
		h.Must(t, "systemctl", "restart", "nexushub-proxy")
		h.serves(hello + "/public/time")
		h.serves(site + "/")
	})
}

func TestProxyRestartsUnderLoad(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples()
		h.underLoad(hello+"/public/time", func() {
			for range 3 {
				h.Must(t, "systemctl", "restart", "nexushub-proxy")
				h.serves(hello + "/public/time")
			}
		})
	})
}

func TestCrashedApplicationComesBack(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples()
		unit := h.unit("hello")
		pid := h.Must(t, "systemctl", "show", "-p", "MainPID", "--value", unit)
		h.Must(t, "kill", "-9", pid)
		h.restarted(unit, pid)
		h.serves(hello + "/public/time")
	})
}

func TestChangedApplicationIsReplacedUnderLoad(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples()
		first := h.unit("hello")
		h.underLoad(hello+"/public/time", func() {
			h.app("hello", fmt.Sprintf("instance_id = %q\nhost_name = \"hello.yesterday.localhost\"\npackage = \"/srv/hello\"\nenv = { COLOUR = \"blue\" }\n", helloID))
			h.reload()
			h.eventually("the new revision alone runs", func() error {
				if now := h.unit("hello"); now == first {
					return fmt.Errorf("still %s", now)
				}
				return nil
			})
		})
	})
}

func TestApplicationsComeBackAfterReboot(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples()
		start := time.Now()
		if err := h.Reboot(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.client.CloseIdleConnections()
		h.serves(hello + "/public/time")
		h.serves(site + "/")
		t.Logf("served %s after the reboot was asked for", time.Since(start).Round(time.Millisecond))
	})
}

func TestTargetStopsAndStartsEverything(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples()
		h.Must(t, "systemctl", "stop", "nexushub.target")
		if left := h.sh("systemctl list-units --plain --no-legend --state=active,activating 'nexushub*' | grep -vE '^nexushub(-core)?\\.slice' || true"); left != "" {
			t.Errorf("still active:\n%s", left)
		}
		if out := h.sh("ss -Hltn 'sport = :8443'"); out != "" {
			t.Errorf("still listening: %s", out)
		}
		h.Must(t, "systemctl", "start", "nexushub.target")
		h.client.CloseIdleConnections()
		h.serves(hello + "/public/time")
	})
}
