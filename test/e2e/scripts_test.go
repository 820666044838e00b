package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

const purge = "DEBIAN_FRONTEND=noninteractive apt-get purge -y nexushub"

// swapped is run as the proxy's user in its own folder: a tree whose folders become links
// to a folder of root's, and folders again, without end.
const swapped = `cd /var/lib/nexushub-proxy && mkdir -p t && cd t &&
i=0; while [ $i -lt 300 ]; do mkdir -p d$i/e; : >d$i/e/f; i=$((i+1)); done
ln -s /srv/keep l; ln -s /etc m; ln -s .. n
while :; do for d in d*; do mv $d x 2>/dev/null && ln -s /srv/keep $d && rm $d && mv x $d; done; done`

// The purge follows no link that an application or the proxy leaves, or swaps while the tree
// is removed; what is mounted in a tree is kept, and so is the user who may own it.
func TestPurgeStaysInItsTrees(t *testing.T) {
	onEachInstallation(t, lab.MustDeb(t), func(t *testing.T, h *host) {
		h.deployExamples(t)
		h.Sh(t, "mkdir -p /srv/keep/e; echo mine >/srv/keep/e/f; echo mine >/srv/keep/f")
		state := "/var/lib/private/nexushub-apps/" + helloID
		h.Sh(t, "mkdir -p "+state+"; ln -s /srv/keep "+state+"/l; ln -s /etc "+state+"/m")
		// a restore that was killed
		h.Sh(t, "mkdir -p /etc/.nexushub-restore-A /var/lib/.nexushub-restore-B /var/lib/private/.nexushub-restore-C/d")
		h.Sh(t, "mkdir /var/lib/nexushub/disk && mount -t tmpfs none /var/lib/nexushub/disk && echo mine >/var/lib/nexushub/disk/f")
		h.Sh(t, "systemd-run --quiet --unit=swapper --uid=_nexushub-proxy sh -c '"+
			swapped+"'; until [ -L /var/lib/nexushub-proxy/t/n ]; do sleep 0.1; done")
		h.Must(t, "systemctl", "is-active", "swapper")
		uid := h.Sh(t, "id -u _nexushub-proxy")
		if out := h.Sh(t, purge+" 2>&1 && echo purged || true"); strings.Contains(out, "\npurged") ||
			!strings.Contains(out, "/var/lib/nexushub is kept") || !strings.Contains(out, "/var/lib/nexushub/disk") {
			t.Errorf("the purge does not name what is mounted:\n%s", out)
		}
		if out := h.Sh(t, "cat /srv/keep/e/f /srv/keep/f /var/lib/nexushub/disk/f; ls -d /etc/hostname /etc/passwd | wc -l; id -u _nexushub-proxy"); out != "mine\nmine\nmine\n2\n"+uid {
			t.Errorf("the purge left its trees, or the user went:\n%s", out)
		}
		h.Sh(t, "systemctl stop swapper; umount /var/lib/nexushub/disk")
		h.Sh(t, purge)
		if left := h.Sh(t, "ls -d /etc/nexushub /var/lib/nexushub* /var/lib/private/nexushub* /etc/.nexushub-restore-* /var/lib/.nexushub-restore-* /var/lib/private/.nexushub-restore-* /run/nexushub* 2>/dev/null || true; getent passwd _nexushub-proxy || true; getent group nexushub || true"); left != "" {
			t.Errorf("the second purge left:\n%s", left)
		}
	})
}

// Users and groups that are there before the package: root under the proxy's name is
// refused, members of the group are named, a plain user is taken as it is.
func TestUsersThatAreThereBefore(t *testing.T) {
	onEachBareSuite(t, func(t *testing.T, h *host) {
		h.Sh(t, "useradd -o -u 0 -M _nexushub-proxy; groupadd nexushub; useradd -G nexushub eve")
		if out, err := h.TryInstallDeb(t, lab.MustDeb(t)); err == nil ||
			!strings.Contains(out+err.Error(), "belongs to another user") {
			t.Errorf("installed with root as the proxy's user: %v\n%s", err, out)
		}
		h.Sh(t, "userdel -f _nexushub-proxy; useradd -r -M -s /usr/sbin/nologin _nexushub-proxy")
		out, err := h.TryInstallDeb(t, lab.MustDeb(t))
		if err != nil || !strings.Contains(out, "may use nexushub(1): eve") {
			t.Errorf("got %v\n%s", err, out)
		}
		h.Must(t, "systemctl", "is-active", "nexushubd", "nexushub-proxy")
	})
}

// failing repacks the package under test as a later version whose script ends with 1.
func failing(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	deb := filepath.Join(dir, "nexushub_failing.deb")
	repack := `dpkg-deb -R "$1" "$2/tree"; sed -i 's/^Version: .*/&+bad/' "$2/tree/DEBIAN/control"
printf '#!/bin/sh\nexit 1\n' >"$2/tree/DEBIAN/$4"; chmod 755 "$2/tree/DEBIAN/$4"
dpkg-deb -Znone --root-owner-group -b "$2/tree" "$3"; rm -r "$2/tree"`
	if out, err := exec.Command("sh", "-ec", repack, "repack", lab.MustDeb(t), dir, deb,
		script).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(deb); err != nil {
		t.Fatal(err)
	}
	return deb
}

// An upgrade that fails, before or after its files are there, stops nothing; the next one
// repairs it.
func TestFailedUpgradeKeepsServing(t *testing.T) {
	bad := []string{failing(t, "preinst"), failing(t, "postinst")}
	next := nextVersion(t)
	onEachInstallation(t, lab.MustDeb(t), func(t *testing.T, h *host) {
		h.deployExamples(t)
		h.UnderLoad(t, hello+"/public/time", 200, func() {
			for _, deb := range bad {
				if out, err := h.TryInstallDeb(t, deb); err == nil {
					t.Errorf("%s: did not fail\n%s", deb, out)
				}
				h.AwaitServed(t, site+"/")
			}
			h.MustInstallDeb(t, next)
		})
		h.Sh(t, "dpkg --configure -a")
		h.Must(t, "systemctl", "is-active", "nexushubd", "nexushub-proxy")
		h.AwaitServed(t, hello+"/public/time")
	})
}
