package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
		h.sh("mkdir -p /srv/stubborn/bin")
		if err := h.CopyIn(t.Context(), program, "/srv/stubborn/bin/app"); err != nil {
			t.Fatal(err)
		}
		h.startStubborn("1")
		h.stopsByCommand()
		h.isReplaced()
		h.isRemoved()
		h.startStubborn("3")
		h.sh("timeout 120 systemctl stop nexushub.target")
		h.stubbornIsGone("the target has stopped")
		h.sh("systemctl start nexushub.target")
		h.stubbornServes()
		if err := h.Reboot(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.client.CloseIdleConnections()
		h.stubbornServes()
		h.sh("DEBIAN_FRONTEND=noninteractive timeout 180 apt-get purge -y nexushub </dev/null")
		h.stubbornIsGone("the package is purged")
		if left := h.sh("ls -d /var/lib/nexushub* /var/lib/private/nexushub* /run/nexushub 2>/dev/null || true"); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
}

// startStubborn deploys both; colour makes them other revisions.
func (h *host) startStubborn(colour string) {
	h.t.Helper()
	for name, id := range stubborn {
		h.app(name, fmt.Sprintf("instance_id = %q\nhost_name = \"%s.yesterday.localhost\"\npackage = \"/srv/stubborn\"\nproxy_all = true\nstop_timeout = \"1s\"\nenv = { COLOUR = %q }\n[limits]\ntasks = 60\n[health]\ntype = %q\n",
			id, name, colour, map[string]string{"mute": "http", "talks": "notify"}[name]))
	}
	h.reload()
	h.stubbornServes()
}

func (h *host) stubbornServes() {
	h.t.Helper()
	for name := range stubborn {
		h.serves("https://" + name + ".yesterday.localhost:8443/")
	}
}

func (h *host) stopsByCommand() {
	h.t.Helper()
	if out := h.Must(h.t, "nexushub", "status", "talks"); strings.Contains(out, "\x1b") {
		h.t.Errorf("what it says of itself reaches the terminal: %q", out)
	}
	for name := range stubborn {
		h.sh("timeout 60 nexushub stop " + name)
	}
	h.stubbornIsGone("both were stopped")
	for name := range stubborn {
		h.sh("timeout 60 nexushub start " + name)
	}
	h.stubbornServes()
	h.sh("timeout 60 systemctl stop 'nexushub-app-talks-*'")
	h.eventually("an operator's stop is seen", func() error {
		if out := h.sh("nexushub status talks || true"); !strings.Contains(out, "systemctl") {
			return errMissing(out)
		}
		return nil
	})
	h.sh("timeout 60 nexushub start talks")
	h.stubbornServes()
}

func (h *host) isReplaced() {
	h.t.Helper()
	first := map[string]string{}
	for name := range stubborn {
		first[name] = h.unit(name)
	}
	h.startStubborn("2")
	for name := range stubborn {
		h.eventually(name+" is replaced", func() error {
			if now := h.unit(name); now == first[name] {
				return errMissing(now)
			}
			return nil
		})
	}
}

// isRemoved: whatever still runs is listed.
func (h *host) isRemoved() {
	h.t.Helper()
	h.sh("rm /etc/nexushub/apps.d/mute.toml /etc/nexushub/apps.d/talks.toml; systemctl reload nexushubd")
	h.eventually("list says the truth until both are gone", func() error {
		state := h.sh("systemctl list-units --plain --no-legend 'nexushub-app-*' | wc -l; nexushub list --json")
		if strings.HasPrefix(state, "0") {
			return nil
		}
		return errMissing(state)
	})
	h.stubbornIsGone("both were removed")
}

func (h *host) stubbornIsGone(after string) {
	h.t.Helper()
	if left := h.sh("pgrep -af '[/]srv/stubborn/bin/app|[/]proc/self/exe' || true"); left != "" {
		h.t.Errorf("%s, and it still runs:\n%s", after, left)
	}
}
