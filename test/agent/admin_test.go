package agent

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

const adminID = "18736e4f-93f9-4606-a7be-863c7986ea5b"

// adminHost is a host with an admin service whose list is a file.
func adminHost(t *testing.T, h *faults.Host) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "admin", "bin", "app")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./adminapp")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	h.MustCopyIn(t, filepath.Dir(filepath.Dir(bin)), "/srv/admin")
	h.Sh(t, `mkdir -p /etc/nexushub/conf.d; printf '[admin]\nenabled = true\ninterval = "1s"\n' >/etc/nexushub/conf.d/admin.toml
		printf 'instance_id = "`+adminID+`"\nhost_name = "admin.yesterday.localhost"\npackage = "/srv/admin"\n' >/etc/nexushub/apps.d/admin.toml`)
}

// answer lets the admin service name applications 1 to n.
func answer(t *testing.T, h *faults.Host, n int) {
	var list []string
	for i := 1; i <= n; i++ {
		list = append(list, fmt.Sprintf(`{"instanceId":%q,"appId":"hello","displayName":"Hello %d","hostName":"%s.yesterday.localhost:8443"}`, faults.ID(i), i, faults.Name(i)))
	}
	say(t, h, `{"applications":[`+strings.Join(list, ",")+`]}`)
}

func say(t *testing.T, h *faults.Host, content string) {
	h.Sh(t, "printf '%s' '"+content+"' >/tmp/list; chmod 644 /tmp/list; mv /tmp/list /var/lib/private/nexushub-apps/"+
		adminID+"/list")
}

func known(t *testing.T, h *faults.Host, n int) {
	t.Helper()
	lab.Within(t, faults.Patience, fmt.Sprintf("%d dynamic applications are known", n), func() error {
		apps, err := h.Apps(t)
		got := 0
		for _, a := range apps {
			if a.Kind == "dynamic" {
				got++
			}
		}
		if err == nil && got != n {
			err = fmt.Errorf("%d are", got)
		}
		return err
	})
}

func TestAdminServiceBringsAndTakesApplications(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) {
		adminHost(t, h)
		h.Must(t, "systemctl", "restart", "nexushubd")
		h.AllRun(t, 1)
		// installs a release under the app id
		h.Sh(t, "nexushub deploy --temporary --name hello --host-name hello.debug /srv/hello")
		answer(t, h, 4)
		known(t, h, 4)
		h.AllRun(t, 6) // four, the admin service, and the debug application itself
		before := h.Identities(t)
		h.UnderLoad(t, faults.URL(1), 50, func() {
			say(t, h, "<html>502 Bad Gateway</html>")
			asked := func() int {
				return strings.Count(h.Must(t, "journalctl", "-q", "-o", "cat", "-t", "admin"), "asked for the list")
			}
			before := asked()
			h.Must(t, "systemctl", "kill", "-s", "KILL", "nexushubd")
			lab.Within(t, faults.Patience, "the restarted agent has asked for the list twice", func() error {
				return lab.Unless(asked() >= before+2, "%d requests, %d before", asked(), before)
			})
			known(t, h, 4)
			answer(t, h, 1) // more than half is gone: held back until it is said three times
			lab.Within(t, faults.Patience, "the log says that the removal is held back", func() error {
				if log := h.Sh(t, "journalctl -u nexushubd -o cat --since -1min"); !strings.Contains(log, "held back") {
					return fmt.Errorf("nothing in the log")
				}
				return nil
			})
			known(t, h, 1)
		})
		h.AllRun(t, 3)
		if after := strings.TrimSpace(h.Identities(t)); !strings.Contains(before, strings.Split(after, "\n")[0]) {
			t.Errorf("units are\n%s\nwere\n%s", after, before)
		}
	})
}
