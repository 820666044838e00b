package agent

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

// look prints everything that an unprivileged user can read about units, processes
// and files of NexusHub.
const look = `cd /; setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '
	for u in $(systemctl list-units --all --plain --no-legend "nexushub*" | cut -d" " -f1); do systemctl show "$u"; systemctl cat "$u"; done
	busctl tree org.freedesktop.systemd1 | grep -o "/org.*nexushub_2d.*" | while read p; do busctl introspect org.freedesktop.systemd1 "$p"; done
	cat /run/systemd/transient/* /proc/[0-9]*/cmdline /proc/[0-9]*/environ
	find / -xdev \( -path "*nexushub*" -o -path "/run/credentials*" \) -type f -readable -size -4M -not -name "nexushub*" -exec cat {} +
	journalctl
	' 2>/dev/null || true; journalctl --no-pager -o export`

func TestTrap09SecretsAreNotReadable(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.Define(t, 1, `exec = ["/bin/sh", "-c", "mkdir -p $STATE_DIRECTORY; echo \"$CANARY_ENV|$(cat $CREDENTIALS_DIRECTORY/canary)|$INTERNAL_SECRET\" > $STATE_DIRECTORY/seen; exec bin/app"]`)
		h.Reload(t)
		h.AllRun(t, 1)
		h.Sh(t, "printf c4n4ry-env | nexushub secret set "+faults.Name(1)+" CANARY_ENV")
		h.Sh(t, "printf c4n4ry-cred | nexushub secret set --credential "+faults.Name(1)+" canary")
		internal := strings.TrimSpace(h.Sh(t, "cat /run/nexushub/internal-secret"))
		want := "c4n4ry-env|c4n4ry-cred|" + internal
		lab.Within(t, faults.Patience, "the application has its secrets", func() error {
			seen := h.Sh(t, "cat /var/lib/private/nexushub-apps/"+faults.ID(1)+"/seen")
			return lab.Unless(strings.TrimSpace(seen) == want, "it has %q", seen)
		})
		h.AllRun(t, 1)
		all := h.Sh(t, look)
		for _, canary := range []string{"c4n4ry", internal} {
			if i := strings.Index(all, canary); i >= 0 {
				t.Errorf("readable: ...%s...", all[max(0, i-200):min(len(all), i+60)])
			}
		}
		if len(all) < 10_000 {
			t.Errorf("only %d bytes were looked at", len(all))
		}
	})
}
