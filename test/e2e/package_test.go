package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// nextVersion repacks the package under test as a later version of itself.
func nextVersion(t *testing.T) string {
	t.Helper()
	deb := lab.MustDeb(t)
	dir := t.TempDir()
	next := filepath.Join(dir, "nexushub_next.deb")
	script := `dpkg-deb -R "$1" "$2/tree"; sed -i 's/^Version: .*/&+next/' "$2/tree/DEBIAN/control"; dpkg-deb -Znone --root-owner-group -b "$2/tree" "$3"`
	if out, err := exec.Command("sh", "-ec", script, "repack", deb, dir, next).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.RemoveAll(filepath.Join(dir, "tree")); err != nil {
		t.Fatal(err)
	}
	return next
}

func TestUpgradeUnderLoad(t *testing.T) {
	next := nextVersion(t)
	onEachInstallation(t, lab.MustDeb(t), func(t *testing.T, h *host) {
		h.deployExamples(t)
		kept := []string{h.AwaitUnit(t, "hello"), "nexushub-proxy.socket", "nexushubd.socket", "nexushubd-debug.socket",
			"nexushub-proxy-control.socket"}
		restarted := []string{"nexushubd.service", "nexushub-proxy.service"}
		before := h.identities(t, append(kept, restarted...))
		h.UnderLoad(t, hello+"/public/time", 200, func() {
			h.MustInstallDeb(t, next)
			h.AwaitServed(t, site+"/")
		})
		after := h.identities(t, append(kept, restarted...))
		for _, unit := range kept {
			if after[unit] != before[unit] {
				t.Errorf("the upgrade touched %s:\nbefore %s\nafter  %s", unit, before[unit], after[unit])
			}
		}
		for _, unit := range restarted {
			if after[unit] == before[unit] {
				t.Errorf("%s still runs the old program", unit)
			}
		}
		if got := h.Sh(t, "dpkg-query -W -f '${Version}' nexushub"); !strings.HasSuffix(got, "+next") {
			t.Errorf("installed version: %s", got)
		}
	})
}

func (h *host) identities(t *testing.T, units []string) map[string]string {
	all := map[string]string{}
	for _, u := range units {
		all[u] = h.Identity(t, u)
	}
	return all
}

func TestRemoveKeepsAndPurgeRemoves(t *testing.T) {
	onEachInstallation(t, lab.MustDeb(t), func(t *testing.T, h *host) {
		h.deployExamples(t)
		ca := h.Sh(t, "sha256sum "+lab.RootCA)
		h.Sh(t, "DEBIAN_FRONTEND=noninteractive apt-get remove -y nexushub")
		h.nothingRuns(t)
		out := h.Sh(t, "cat /etc/nexushub/apps.d/hello.toml; sha256sum "+lab.RootCA)
		if !strings.Contains(out, helloID) || !strings.Contains(out, ca) {
			t.Errorf("removal lost configuration or state:\n%s", out)
		}
		h.MustInstall(t)
		h.HTTP.CloseIdleConnections()
		h.AwaitServed(t, hello+"/public/time")
		h.purgeLeavesNothing(t)
		h.MustInstall(t)
		h.Must(t, "systemctl", "is-active", "nexushubd", "nexushub-proxy")
	})
}

func (h *host) purgeLeavesNothing(t *testing.T) {
	t.Helper()
	h.Sh(t, purge)
	h.nothingRuns(t)
	left := h.Sh(t, "find / -xdev \\( -path /proc -o -path /sys -o -path /tmp -o -path /srv -o -path /var/log -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache \\) -prune -o -name '*nexushub*' -print; getent passwd _nexushub-proxy || true; getent group nexushub || true; find /run -name '*nexushub*' || true")
	if left != "" {
		t.Errorf("the purge left:\n%s", left)
	}
}

// nothingRuns checks that no process, unit or socket of the package is there.
func (h *host) nothingRuns(t *testing.T) {
	t.Helper()
	if out := h.Sh(t, "systemctl list-units --plain --no-legend --state=active,activating,failed 'nexushub*' | grep -v '^nexushub.*\\.slice' || true"); out != "" {
		t.Errorf("still there:\n%s", out)
	}
	if out := h.Sh(t, "ss -Hltn 'sport = :8443 or sport = :443 or sport = :80'; pgrep -xa 'nexushub.*|app' || true"); out != "" {
		t.Errorf("still runs: %s", out)
	}
}

// A chroot or an image build says by policy-rc.d that nothing may be started.
func TestPolicyForbidsStarting(t *testing.T) {
	onEachBareSuite(t, func(t *testing.T, h *host) {
		h.WriteMode(t, "/usr/sbin/policy-rc.d", []byte("#!/bin/sh\nexit 101\n"), 0o755)
		h.MustInstall(t)
		h.nothingRuns(t)
		h.MustInstallDeb(t, nextVersion(t))
		h.nothingRuns(t)
		if got := h.Sh(t, "systemctl is-enabled nexushubd.service nexushub-proxy.socket nexushub.target | sort -u"); got != "enabled" {
			t.Errorf("the next boot would not start it: %s", got)
		}
		h.Sh(t, "DEBIAN_FRONTEND=noninteractive apt-get purge -y nexushub")
	})
}

func TestConfigurationIsTheAdministrators(t *testing.T) {
	next := nextVersion(t)
	onEachInstallation(t, lab.MustDeb(t), func(t *testing.T, h *host) {
		const mine = "# mine\nlog_level = \"debug\"\n"
		h.Write(t, "/etc/nexushub/nexushub.toml", mine)
		h.MustInstallDeb(t, next)
		if got := h.Must(t, "cat", "/etc/nexushub/nexushub.toml"); got+"\n" != mine {
			t.Errorf("the upgrade changed the configuration: %s", got)
		}
		out := h.Sh(t, "dpkg -V nexushub || true")
		if strings.Contains(strings.ReplaceAll(out, "??5?????? c", ""), "?") {
			t.Errorf("files of the package were changed:\n%s", out)
		}
	})
}
