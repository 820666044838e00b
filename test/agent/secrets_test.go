package agent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/agent/faults"
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
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.Define(1, `exec = ["/bin/sh", "-c", "mkdir -p $STATE_DIRECTORY; echo \"$CANARY_ENV|$(cat $CREDENTIALS_DIRECTORY/canary)|$INTERNAL_SECRET\" > $STATE_DIRECTORY/seen; exec bin/app"]`)
		h.Reload()
		h.AllRun(1)
		h.Sh("printf c4n4ry-env | nexushub secret set " + faults.Name(1) + " CANARY_ENV")
		h.Sh("printf c4n4ry-cred | nexushub secret set --credential " + faults.Name(1) + " canary")
		internal := strings.TrimSpace(h.Sh("cat /run/nexushub/internal-secret"))
		want := "c4n4ry-env|c4n4ry-cred|" + internal
		h.Eventually("the application has its secrets", func() error {
			if seen := strings.TrimSpace(h.Sh("cat /var/lib/private/nexushub-apps/" + faults.ID(1) + "/seen")); seen != want {
				return fmt.Errorf("it has %q", seen)
			}
			return nil
		})
		h.AllRun(1)
		all := h.Sh(look)
		for _, canary := range []string{"c4n4ry", internal} {
			if i := strings.Index(all, canary); i >= 0 {
				h.T.Errorf("readable: ...%s...", all[max(0, i-200):min(len(all), i+60)])
			}
		}
		if len(all) < 10_000 {
			h.T.Errorf("only %d bytes were looked at", len(all))
		}
	})
}
