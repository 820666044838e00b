package proxy_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

func web(t *testing.T) []application {
	return []application{{name: "web", id: webID, pkg: appPackage(t, "env = { LABEL = \"one\" }\n",
		map[string]string{"static/index.html": "<h1>web</h1>"})}}
}

// How often, and under how many requests a second: NEXUSHUB_RESTARTS (50 in make soak),
// NEXUSHUB_RATE (1000 there). A busy machine cannot make that many TLS connections.
var restarts, rate = number("NEXUSHUB_RESTARTS", 8), number("NEXUSHUB_RATE", 200)

func number(variable string, otherwise int) int {
	n, err := strconv.Atoi(os.Getenv(variable))
	if err != nil {
		return otherwise
	}
	return n
}

// TestRestartLosesNothing: the sockets are PID 1's, requests in flight finish, and the
// new process serves from the table on disk.
func TestRestartLosesNothing(t *testing.T) {
	onSuites(t, web, func(t *testing.T, h *host) {
		for _, path := range []string{"/public/slow?ms=20", "/"} {
			h.underLoad(t, rate, path, func(caughtUp func()) {
				for range restarts {
					h.Must(t, "systemctl", "restart", "nexushub-proxy")
					caughtUp()
				}
			})
		}
		h.underLoad(t, rate, "/public/x", func(func()) {
			h.Must(t, "systemctl", "kill", "-s", "KILL", "--kill-whom=main", "nexushubd")
			lab.Within(t, soon, "nexushubd comes back", func() error {
				_, err := h.Try(t, "nexushub", "status", "web")
				return err
			})
		})
	})
}

// TestServesWithoutAgent: whatever happens to the agent, requests are answered, also
// by a proxy that is started meanwhile.
func TestServesWithoutAgent(t *testing.T) {
	onSuites(t, web, func(t *testing.T, h *host) {
		restart := func() { h.Must(t, "systemctl", "restart", "nexushub-proxy") }
		ws, err := h.openWebSocket(t.Context(), h.tlsConfig(t), "web")
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		h.underLoad(t, 200, "/public/x", func(caughtUp func()) {
			h.Must(t, "systemctl", "kill", "-s", "STOP", "--kill-whom=main", "nexushubd")
			restart()
			if code, err := ws.closeCode(); code != 1012 || err != nil {
				t.Errorf("the WebSocket of a proxy that restarts got %d, %v", code, err)
			}
			h.Must(t, "systemctl", "kill", "-s", "CONT", "--kill-whom=main", "nexushubd")
			h.Must(t, "systemctl", "stop", "nexushubd")
			restart()
			h.Must(t, "rm", "-rf", "/var/lib/nexushub")
			restart()
			caughtUp()
			h.Must(t, "systemd-tmpfiles", "--create")
			h.Must(t, "systemctl", "start", "nexushubd")
			h.awaitReady(t, webID)
		})
	})
}
