package agent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

func TestNetworksAreReplacedWithoutAGap(t *testing.T) {
	for _, network := range []string{"socket", "guest"} {
		t.Run(network, func(t *testing.T) {
			faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) {
				h.Define(t, 1, fmt.Sprintf("network = %q", network), "replicas = 2", faults.Worker)
				h.Replace(t, 2, 100)
			})
		})
	}
}

func TestTrap10CrashLoopKeepsItsSocket(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.Define(t, 1, `network = "socket"`,
			`exec = ["/bin/sh", "-c", "[ -e /var/lib/nexushub-apps-fixed ] || exit 7; exec bin/app"]`)
		h.Reload(t)
		lab.Within(t, faults.Patience, "the application has crashed three times", func() error {
			if app := h.App(t, 1); app.Attempt < 3 {
				return fmt.Errorf("attempt %d", app.Attempt)
			}
			return nil
		})
		h.Sh(t, "test -S /run/nexushub/sockets/nexushub-app-app1-*.sock")
		h.Sh(t, "touch /var/lib/nexushub-apps-fixed")
		h.Reaches(t, 1, api.StateRunning)
	})
}

func TestGuestSeesNothingButTheProxy(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.Define(t, 2)
		h.Define(t, 1, `network = "guest"`,
			`exec = ["/bin/sh", "-c", "pwd > $STATE_DIRECTORY/seen; getent hosts internal.yesterday.localhost >> $STATE_DIRECTORY/seen; curl -skm 9 --retry 9 --retry-delay 1 --retry-connrefused -o /dev/null -w '%{http_code}' https://internal.yesterday.localhost:8443/ >> $STATE_DIRECTORY/seen; curl -sm 3 http://127.0.0.1:10000/ >/dev/null && echo ' neighbour' >> $STATE_DIRECTORY/seen; exec bin/app"]`)
		h.Reload(t)
		h.AllRun(t, 2)
		seen := h.Sh(t, "cat /var/lib/private/nexushub-apps/"+faults.ID(1)+"/seen")
		if !strings.HasPrefix(seen, "/app\n127.0.0.1") || strings.Contains(seen, "000") ||
			strings.Contains(seen, "neighbour") {
			t.Errorf("the guest saw %q, want /app, internal on 127.0.0.1, an answer of the proxy and no neighbour", seen)
		}
	})
}
