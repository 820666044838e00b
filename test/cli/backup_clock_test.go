package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// clock is what `backup --status --json` says.
type clock struct {
	Every    string
	Keep     int
	NextRun  *time.Time `json:"next_run"`
	Archives []string
	LastRun  struct {
		File, Error string
		LastSuccess *time.Time `json:"last_success"`
	} `json:"last_run"`
}

func clockOf(t *testing.T, h *lab.Host) (c clock) {
	t.Helper()
	if err := json.Unmarshal([]byte(h.Must(t, "nexushub", "backup", "--status", "--json")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// By the clock, archives come and the oldest go; an upgrade and a reboot change nothing; what fails takes nothing
// away and is told everywhere; and what is left of it at the end are the archives.
func TestBackupByTheClock(t *testing.T) {
	h := lab.NewHost(t, lab.Bookworm)
	h.CopyExample(t, "hello")
	h.Sh(t, `nexushub deploy -q /srv/hello --name hello
mkdir -p /etc/systemd/system/nexushub-backup.timer.d
printf '[Timer]\nRandomizedDelaySec=0\nAccuracySec=1ms\n' >/etc/systemd/system/nexushub-backup.timer.d/90-test.conf
nexushub backup --every '*:*:0/2' --keep 2`)
	var first string
	lab.Eventually(t, "there are archives", func() error {
		c := clockOf(t, h)
		if len(c.Archives) > 0 && first == "" {
			first = c.Archives[0]
		}
		return lab.Unless(len(c.Archives) == 2 && c.Archives[0] > first, "%+v", c)
	})
	h.Sh(t, "nexushub backup --every day --keep 2; systemctl is-active nexushub-backup.service && sleep 1 || true")
	h.Sh(t, `cd /var/backups/nexushub; [ "$(stat -c %a .)" = 700 ]; touch other.tar.gz
for f in nexushub-*; do [ "$(stat -c %a $f)" = 600 ]; tar tzf $f | grep -qx etc/nexushub/backup.toml; done`)

	t.Run("it outlives an upgrade and a reboot", func(t *testing.T) {
		before := h.Sh(t, "systemctl cat nexushub-backup.timer nexushub-backup.service")
		h.MustInstallDeb(t, lab.MustDeb(t))
		h.Must(t, "systemctl", "is-active", "nexushub-backup.timer")
		h.MustReboot(t)
		h.AwaitState(t, "hello", api.StateRunning)
		h.Must(t, "systemctl", "is-active", "nexushub-backup.timer")
		if after := h.Sh(t, "systemctl cat nexushub-backup.timer nexushub-backup.service"); after != before {
			t.Errorf("the units were\n%sand are\n%s", before, after)
		}
		c := clockOf(t, h)
		if c.Every != "daily" || c.Keep != 2 || c.NextRun == nil || time.Until(*c.NextRun) > 25*time.Hour {
			t.Errorf("after a reboot: %+v", c)
		}
		h.Must(t, "systemctl", "start", "nexushub-backup.service")
		h.Sh(t, "cd /var/backups/nexushub; [ $(ls nexushub-* | wc -l) = 2 ]; [ -e other.tar.gz ]")
	})
	t.Run("what fails is told and takes nothing away", func(t *testing.T) { backupFails(t, h) })
	t.Run("it ends", func(t *testing.T) {
		h.Sh(t, `nexushub backup --every off | grep 'every: off'
! systemctl is-enabled nexushub-backup.timer
[ ! -e /etc/nexushub/backup.toml ]
nexushub backup --every week
apt-get purge -y nexushub
! ls -d /etc/systemd/system/nexushub-backup* /etc/systemd/system/*/nexushub-backup* /var/lib/systemd/timers/*nexushub*
ls /var/backups/nexushub/nexushub-*`)
	})
}

func backupFails(t *testing.T, h *lab.Host) {
	h.Sh(t, `mkdir /mnt/b; mount -t tmpfs -o size=64M,mode=700 tmpfs /mnt/b
nexushub backup --every day --keep 1 --data /mnt/b
systemctl start nexushub-backup.service`)
	kept := clockOf(t, h)
	if len(kept.Archives) != 1 || kept.LastRun.Error != "" {
		t.Fatalf("%+v", kept)
	}
	told := func(t *testing.T, words string) {
		t.Helper()
		c := clockOf(t, h)
		if len(c.Archives) != 1 || c.Archives[0] != kept.Archives[0] || c.LastRun.LastSuccess == nil ||
			!strings.Contains(c.LastRun.Error, words) {
			t.Errorf("it says %+v, want %s and %s", c, words, kept.Archives)
		}
		h.Sh(t, "! systemctl is-failed -q nexushubd; systemctl is-failed -q nexushub-backup.service")
		if system := h.Must(t, "nexushub", "status", "--system"); !strings.Contains(system, words) {
			t.Errorf("status --system does not say %s:\n%s", words, system)
		}
		h.Sh(t, "curl -sS --unix-socket /run/nexushub/metrics.sock http://x/metrics | grep -x 'nexushub_backup_failed 1'")
		h.Sh(t, "[ $(ls -A /mnt/b | grep -v filler | wc -l) = 1 ]")
	}
	for _, c := range []struct{ name, script, words string }{
		{"there is no room", "head -c 60M /dev/zero >/mnt/b/filler || true", "bytes free"},
		{"the disk fills meanwhile", `rm /mnt/b/filler; cd /var/lib/private/nexushub-apps/*; head -c 70M /dev/urandom >big
chown --reference=. big`, "no space left"},
		{"it is killed", `mount -o remount,size=1G /mnt/b
timeout 60 sh -c 'until pid=$(systemctl show -p MainPID --value nexushub-backup.service); [ $pid -gt 0 ]; do :; done
kill -KILL $pid' &`,
			"from outside"},
		{"others can write there", "chmod 777 /mnt/b", "other users can write"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.Sh(t, c.script+"\n! systemctl start nexushub-backup.service; wait")
			told(t, c.words)
			h.Sh(t, "chmod 700 /mnt/b; journalctl -u nexushub-backup.service | grep -q '"+c.words+"\\|signal'")
		})
	}
	h.Sh(t, `systemctl start nexushub-backup.service
curl -sS --unix-socket /run/nexushub/metrics.sock http://x/metrics | grep -x 'nexushub_backup_failed 0'`)
	if c := clockOf(t, h); len(c.Archives) != 1 || c.Archives[0] == kept.Archives[0] {
		t.Errorf("a good one does not replace it: %+v", c)
	}
}
