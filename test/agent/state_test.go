package agent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
)

func TestLostStateIsRebuilt(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.DefineAll(3)
		before := h.Identities()
		h.UnderLoad(1, 100, func() {
			h.Sh("systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd; rm -rf /var/lib/nexushub/*; systemctl start nexushubd.socket nexushubd-debug.socket nexushubd")
			h.AllRun(3)
		})
		if after := h.Identities(); after != before {
			h.T.Errorf("units are\n%s\nwere\n%s", after, before)
		}
	})
}

// A developer who takes his folder away keeps the agent from nothing but his own
// application, also at a start; and that one keeps running.
func TestStartWithoutAPackage(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.Sh("cp -r /srv/hello /srv/taken")
		h.Define(2)
		h.Sh("sed -i s,/srv/hello,/srv/taken, /etc/nexushub/apps.d/" + faults.Name(2) + ".toml")
		h.Define(1)
		h.Reload()
		h.AllRun(2)
		before := h.Identities()
		h.Sh("mv /srv/taken /srv/away; systemctl restart nexushubd")
		h.Eventually("the reason is shown", func() error {
			if app := h.App(2); !strings.Contains(app.Why, "/srv/taken") {
				return fmt.Errorf("%s: %q", app.State, app.Why)
			}
			return nil
		})
		h.Reaches(1, api.StateRunning)
		if after := h.Identities(); after != before {
			h.T.Errorf("units are\n%s\nwere\n%s", after, before)
		}
		if out, err := h.Output(h.T.Context(), "nexushub", "verify"); err == nil {
			h.T.Errorf("verify does not mind: %s", out)
		}
		h.Must(h.T, "nexushub", "restart", faults.Name(1))
		h.Sh("mv /srv/away /srv/taken; nexushub verify")
		h.AllRun(2)
	})
}

// The settings of a deployed application are gone with the state; what runs is taken
// over from PID 1 all the same, and can be removed.
func TestLostStateOfADeployedApplication(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.Must(h.T, "nexushub", "deploy", "--quiet", "/srv/hello", "--name", "lost")
		before := h.Identities()
		h.Sh("systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd; rm -rf /var/lib/nexushub/state; systemctl start nexushubd.socket nexushubd-debug.socket nexushubd")
		var name string
		h.Eventually("it is taken over", func() error {
			apps, err := h.Apps()
			if err == nil && (len(apps) != 1 || apps[0].State != api.StateRunning || apps[0].Kind != "debug") {
				return fmt.Errorf("applications: %+v", apps)
			}
			if err == nil {
				name = apps[0].Name
			}
			return err
		})
		if after := h.Identities(); after != before {
			h.T.Errorf("units are\n%s\nwere\n%s", after, before)
		}
		h.Must(h.T, "nexushub", "remove", name)
		if left := h.Identities(); left != "" {
			h.T.Errorf("left: %s", left)
		}
	})
}

func TestDamagedOrNewerStateStopsTheStart(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) {
		h.DefineAll(1)
		before := h.Identities()
		const file = "/var/lib/nexushub/state/instances.json"
		h.Sh("systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd; cp " + file + " /tmp/good")
		for content, want := range map[string]string{"{\"format\":1,": "damaged", `{"format":99,"sha256":"","data":{}}`: "newer"} {
			h.Sh("printf '%s' '" + content + "' >" + file)
			h.Sh("systemctl start --no-block nexushubd; for i in $(seq 100); do journalctl -u nexushubd -n 5 -o cat | grep -q '" + want + "' && break; sleep .1; done")
			if log := h.Sh("journalctl -u nexushubd -n 20 -o cat"); !strings.Contains(log, file) || !strings.Contains(log, want) {
				h.T.Errorf("log = %s, want %s named as %s", log, file, want)
			}
			if left := h.Sh("cat " + file); left != content {
				h.T.Errorf("the file was changed to %q", left)
			}
			h.Sh("systemctl stop nexushubd.socket nexushubd-debug.socket nexushubd")
		}
		h.Sh("cp /tmp/good " + file + "; systemctl start nexushubd.socket nexushubd-debug.socket nexushubd")
		h.AllRun(1)
		if after := h.Identities(); after != before {
			h.T.Errorf("units are\n%s\nwere\n%s", after, before)
		}
	})
}
