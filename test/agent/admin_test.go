package agent

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/agent/faults"
)

const adminID = "18736e4f-93f9-4606-a7be-863c7986ea5b"

// adminHost is a host with an admin service whose list is a file.
func adminHost(h *faults.Host) {
	h.T.Helper()
	bin := filepath.Join(h.T.TempDir(), "admin", "bin", "app")
	build := exec.CommandContext(h.T.Context(), "go", "build", "-o", bin, "./adminapp")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		h.T.Fatalf("%v: %s", err, out)
	}
	if err := h.CopyIn(h.T.Context(), filepath.Dir(filepath.Dir(bin)), "/srv/admin"); err != nil {
		h.T.Fatal(err)
	}
	h.Sh(`mkdir -p /etc/nexushub/conf.d; printf '[admin]\nenabled = true\ninterval = "1s"\n' >/etc/nexushub/conf.d/admin.toml
		printf 'instance_id = "` + adminID + `"\nhost_name = "admin.yesterday.localhost"\npackage = "/srv/admin"\n' >/etc/nexushub/apps.d/admin.toml`)
}

// answer lets the admin service name applications 1 to n.
func answer(h *faults.Host, n int) {
	var list []string
	for i := 1; i <= n; i++ {
		list = append(list, fmt.Sprintf(`{"instanceId":%q,"appId":"hello","displayName":"Hello %d","hostName":"%s.yesterday.localhost:8443"}`, faults.ID(i), i, faults.Name(i)))
	}
	say(h, `{"applications":[`+strings.Join(list, ",")+`]}`)
}

func say(h *faults.Host, content string) {
	h.Sh("printf '%s' '" + content + "' >/tmp/list; chmod 644 /tmp/list; mv /tmp/list /var/lib/private/nexushub-apps/" + adminID + "/list")
}

func known(h *faults.Host, n int) {
	h.T.Helper()
	h.Eventually(fmt.Sprintf("%d dynamic applications are known", n), func() error {
		apps, err := h.Apps()
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
	faults.OnEachSuite(t, func(h *faults.Host) {
		adminHost(h)
		h.Must(h.T, "systemctl", "restart", "nexushubd")
		h.AllRun(1)
		h.Sh("nexushub deploy --name hello --host-name hello.debug /srv/hello") // installs a release under the app id
		answer(h, 4)
		known(h, 4)
		h.AllRun(6) // four, the admin service, and the debug application itself
		before := h.Identities()
		h.UnderLoad(1, 50, func() {
			say(h, "<html>502 Bad Gateway</html>")
			h.Sh("systemctl kill -s KILL nexushubd; sleep 3")
			known(h, 4)
			answer(h, 1) // more than half is gone: held back until it is said three times
			h.Eventually("the brake speaks", func() error {
				if log := h.Sh("journalctl -u nexushubd -o cat --since -1min"); !strings.Contains(log, "held back") {
					return fmt.Errorf("nothing in the log")
				}
				return nil
			})
			known(h, 1)
		})
		h.AllRun(3)
		if after := strings.TrimSpace(h.Identities()); !strings.Contains(before, strings.Split(after, "\n")[0]) {
			h.T.Errorf("units are\n%s\nwere\n%s", after, before)
		}
	})
}
