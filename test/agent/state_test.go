package agent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

func TestLostStateIsRebuilt(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) {
		h.DefineAll(t, 3)
		before := h.Identities(t)
		h.UnderLoad(t, faults.URL(1), 100, func() {
			h.Sh(t, "systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd; rm -rf /var/lib/nexushub/*; systemctl start nexushubd.socket nexushubd-debug.socket nexushubd")
			h.AllRun(t, 3)
		})
		if after := h.Identities(t); after != before {
			t.Errorf("units are\n%s\nwere\n%s", after, before)
		}
	})
}

// A developer who takes his folder away keeps the agent from nothing but his own
// application, also at a start; and that one keeps running.
func TestStartWithoutAPackage(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.Sh(t, "cp -r /srv/hello /srv/taken")
		h.Define(t, 2)
		h.Sh(t, "sed -i s,/srv/hello,/srv/taken, /etc/nexushub/apps.d/"+faults.Name(2)+".toml")
		h.Define(t, 1)
		h.Reload(t)
		h.AllRun(t, 2)
		before := h.Identities(t)
		h.Sh(t, "mv /srv/taken /srv/away; systemctl restart nexushubd")
		lab.Within(t, faults.Patience, "the status says which folder is missing", func() error {
			if app := h.App(t, 2); !strings.Contains(app.Why, "/srv/taken") {
				return fmt.Errorf("%s: %q", app.State, app.Why)
			}
			return nil
		})
		h.Reaches(t, 1, api.StateRunning)
		if after := h.Identities(t); after != before {
			t.Errorf("units are\n%s\nwere\n%s", after, before)
		}
		if out, err := h.Try(t, "nexushub", "verify"); err == nil {
			t.Errorf("verify reports no fault: %s", out)
		}
		h.Must(t, "nexushub", "restart", faults.Name(1))
		h.Sh(t, "mv /srv/away /srv/taken; nexushub verify")
		startWithoutFiles(t, h)
		h.AllRun(t, 2)
	})
}

// startWithoutFiles: a start goes on without files of apps.d that have faults, whether or not they
// tell which application they are about, and leaves alone what runs of it.
func startWithoutFiles(t *testing.T, h *faults.Host) {
	h.AllRun(t, 2)
	before := h.Identities(t)
	h.Sh(t, "cd /etc/nexushub/apps.d; cp -a . /root/sound; sed -i '$a nonsense = [' "+faults.Name(1)+".toml; "+
		"echo '[' >"+faults.Name(2)+".toml; systemctl restart nexushubd")
	lab.Within(t, faults.Patience, "the status names the file", func() error {
		if app := h.App(t, 1); app.State != api.StateRunning || !strings.Contains(app.Why, faults.Name(1)+".toml") {
			return fmt.Errorf("%s: %q", app.State, app.Why)
		}
		return nil
	})
	if after := h.Identities(t); after != before {
		t.Errorf("units are\n%s\nwere\n%s", after, before)
	}
	h.Must(t, "curl", "-sSfk", faults.URL(1), faults.URL(2))
	if out := h.Must(t, "nexushub", "status", "--system"); !strings.Contains(out, faults.Name(1)+".toml") {
		t.Errorf("status --system: %s", out)
	}
	if out, err := h.Try(t, "systemctl", "reload", "nexushubd"); err == nil {
		t.Errorf("a reload takes it: %s", out)
	}
	h.Sh(t, "cp -a /root/sound/. /etc/nexushub/apps.d; systemctl reload nexushubd")
	h.AllRun(t, 2)
	if after := h.Identities(t); after != before {
		t.Errorf("after the files were mended units are\n%s\nwere\n%s", after, before)
	}
}

// The settings of a deployed application are gone with the state; what runs is taken
// over from PID 1 all the same, and can be removed.
func TestLostStateOfADeployedApplication(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.Must(t, "nexushub", "deploy", "--quiet", "/srv/hello", "--name", "lost")
		h.Must(t, "nexushub", "deploy", "--quiet", "--temporary", "/srv/hello", "--name", "trial")
		before := h.Identities(t)
		for _, lost := range []string{"/deployed-applications.json", "/debug-applications.json", ""} {
			h.Sh(t, "systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd; rm -r /var/lib/nexushub/state"+lost+
				"; systemctl start nexushubd.socket nexushubd-debug.socket nexushubd")
			lab.Within(t, faults.Patience, "what runs is adopted", func() error {
				apps, err := h.Apps(t)
				kinds := map[string]bool{}
				for _, a := range apps {
					kinds[a.Kind] = a.State == api.StateRunning
				}
				if err == nil && (len(apps) != 2 || !kinds["deployed"] || !kinds["debug"]) {
					return fmt.Errorf("without state%s: %+v", lost, apps)
				}
				return err
			})
			if after := h.Identities(t); after != before {
				t.Errorf("without state%s units are\n%s\nwere\n%s", lost, after, before)
			}
		}
		h.Sh(t, "nexushub remove --yes lost; nexushub remove trial-debug")
		if left := h.Identities(t); left != "" {
			t.Errorf("left: %s", left)
		}
	})
}

func TestDamagedOrNewerStateStopsTheStart(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.DefineAll(t, 1)
		before := h.Identities(t)
		const file = "/var/lib/nexushub/state/instances.json"
		h.Sh(t, "systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd; cp "+file+" /tmp/good")
		for content, want := range map[string]string{
			`{"format":1,`: "damaged", `{"format":99,"sha256":"","data":{}}`: "newer",
		} {
			h.Sh(t, "printf '%s' '"+content+"' >"+file)
			h.Must(t, "systemctl", "start", "--no-block", "nexushubd")
			lab.Eventually(t, "the log says that "+file+" is "+want, func() error {
				log := h.Sh(t, "journalctl -u nexushubd -n 20 -o cat")
				return lab.Unless(strings.Contains(log, file) && strings.Contains(log, want), "%s", log)
			})
			if left := h.Sh(t, "cat "+file); left != content {
				t.Errorf("the file was changed to %q", left)
			}
			h.Sh(t, "systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd")
		}
		h.Sh(t, "cp /tmp/good "+file+"; systemctl start nexushubd.socket nexushubd-debug.socket nexushubd")
		h.AllRun(t, 1)
		if after := h.Identities(t); after != before {
			t.Errorf("units are\n%s\nwere\n%s", after, before)
		}
	})
}
