package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// Both refuse to be stopped; the second may tell systemd so.
var stubborn = map[string]string{
	"mute":  "4c2f4b5e-3c55-4b0f-9d53-0a9e5a1f7c01",
	"talks": "4c2f4b5e-3c55-4b0f-9d53-0a9e5a1f7c02",
}

// TestStubbornApplication: nothing that ends applications waits for their consent, be it
// a stop, a replacement, a removal, the end of the target, of the host or of the package.
func TestStubbornApplication(t *testing.T) {
	program := filepath.Join(t.TempDir(), "app")
	build := exec.Command("go", "build", "-o", program, "./stubborn")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	onEachSuite(t, func(t *testing.T, h *host) {
		h.Sh(t, "mkdir -p /srv/stubborn/bin")
		h.MustCopyIn(t, program, "/srv/stubborn/bin/app")
		h.startStubborn(t, "1")
		h.stopsByCommand(t)
		h.isReplaced(t)
		h.isRemoved(t)
		h.startStubborn(t, "3")
		h.Sh(t, "timeout 120 systemctl stop nexushub.target")
		h.stubbornIsGone(t, "the target has stopped")
		h.Sh(t, "systemctl start nexushub.target")
		h.stubbornServes(t)
		h.MustReboot(t)
		h.HTTP.CloseIdleConnections()
		h.stubbornServes(t)
		h.Sh(t, "DEBIAN_FRONTEND=noninteractive timeout 180 apt-get purge -y nexushub </dev/null")
		h.stubbornIsGone(t, "the package is purged")
		if left := h.Sh(t, "ls -d /var/lib/nexushub* /var/lib/private/nexushub* /run/nexushub 2>/dev/null || true"); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
}

// startStubborn deploys both; colour makes them other revisions.
func (h *host) startStubborn(t *testing.T, colour string) {
	t.Helper()
	for name, id := range stubborn {
		h.Define(t, name, fmt.Sprintf("instance_id = %q\nhost_name = \"%s.yesterday.localhost\"\npackage = \"/srv/stubborn\"\nproxy_all = true\nstop_timeout = \"1s\"\nenv = { COLOUR = %q }\n[limits]\ntasks = 60\n[health]\ntype = %q\n",
			id, name, colour, map[string]string{"mute": "http", "talks": "notify"}[name]))
	}
	h.Reload(t)
	h.stubbornServes(t)
}

func (h *host) stubbornServes(t *testing.T) {
	t.Helper()
	for name := range stubborn {
		h.AwaitServed(t, "https://"+name+".yesterday.localhost:8443/")
	}
}

func (h *host) stopsByCommand(t *testing.T) {
	t.Helper()
	if out := h.Must(t, "nexushub", "status", "talks"); strings.Contains(out, "\x1b") {
		t.Errorf("what it says of itself reaches the terminal: %q", out)
	}
	for name := range stubborn {
		h.Sh(t, "timeout 60 nexushub stop "+name)
	}
	h.stubbornIsGone(t, "both were stopped")
	for name := range stubborn {
		h.Sh(t, "timeout 60 nexushub start "+name)
	}
	h.stubbornServes(t)
	h.Sh(t, "timeout 60 systemctl stop 'nexushub-app-talks-*'")
	lab.Eventually(t, "the application is stopped, and its status says that an operator did it", func() error {
		app, err := h.API().App(t.Context(), "talks")
		return lab.Unless(err == nil && app.State == api.StateStopped && strings.Contains(app.Why, "systemctl"),
			"it is %s: %s (%v)", app.State, app.Why, err)
	})
	h.Sh(t, "timeout 60 nexushub start talks")
	h.stubbornServes(t)
}

func (h *host) isReplaced(t *testing.T) {
	t.Helper()
	first := map[string]string{}
	for name := range stubborn {
		first[name] = h.AwaitUnit(t, name)
	}
	h.startStubborn(t, "2")
	for name := range stubborn {
		lab.Eventually(t, name+" is replaced", func() error {
			if now := h.AwaitUnit(t, name); now == first[name] {
				return errors.New(now)
			}
			return nil
		})
	}
}

// isRemoved: whatever still runs is listed.
func (h *host) isRemoved(t *testing.T) {
	t.Helper()
	h.Sh(t, "rm /etc/nexushub/apps.d/mute.toml /etc/nexushub/apps.d/talks.toml; systemctl reload nexushubd")
	lab.Eventually(t, "both applications are gone", func() error {
		before := h.loadedUnits(t)
		list := h.Must(t, "nexushub", "list", "--json")
		for _, unit := range h.loadedUnits(t) {
			name := strings.Split(unit, "-")[2] // nexushub-app-NAME-REVISION.service
			if slices.Contains(before, unit) && !strings.Contains(list, fmt.Sprintf(`"name": %q`, name)) {
				t.Errorf("%s is there all the time, but %s is not in the list: %s", unit, name, list)
			}
		}
		return lab.Unless(len(before) == 0, "%q", before)
	})
	h.stubbornIsGone(t, "both were removed")
}

// loadedUnits are all that there are of applications, also those that are being stopped.
func (h *host) loadedUnits(t *testing.T) []string {
	t.Helper()
	return strings.Fields(h.Sh(t, "systemctl list-units --plain --no-legend 'nexushub-app-*.service' | cut -d' ' -f1"))
}

func (h *host) stubbornIsGone(t *testing.T, after string) {
	t.Helper()
	if left := h.Sh(t, "pgrep -af '[/]srv/stubborn/bin/app|[/]proc/self/exe' || true"); left != "" {
		t.Errorf("%s, and it still runs:\n%s", after, left)
	}
}
