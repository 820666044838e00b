package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// What makes a start impossible is said in one clear line, with exit status 1, and
// nothing is left half-started.
func TestRefusesToStart(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		unit := h.AwaitUnit(t, "hello")
		before := h.Identity(t, unit)
		h.Must(t, "systemctl", "stop", "nexushub-proxy.service", "nexushub-proxy.socket",
			"nexushub-proxy-control.socket",
			"nexushubd.service", "nexushubd.socket", "nexushubd-debug.socket")
		for _, c := range []struct{ name, prepare, run, want string }{
			{"not root", "", "setpriv --reuid=nobody --clear-groups nexushubd", "must run as root"},
			{"no configuration", "", "nexushubd --config /nowhere", "/nowhere/nexushub.toml"},
			{"unknown key", "echo 'colour = 1' >/etc/nexushub/conf.d/x.toml", "nexushubd", "conf.d/x.toml:1"},
			{"without its sockets", "rm -f /etc/nexushub/conf.d/x.toml", "nexushubd",
				"systemctl start nexushubd.socket"},
			{"busy port", "systemctl start nexushub-proxy.socket",
				"nexushub-proxy --listen :8443 --control /tmp/c.sock", "8443"},
		} {
			if c.prepare != "" {
				h.Sh(t, c.prepare)
			}
			out := h.Sh(t, "set +e; timeout 20 "+c.run+" 2>&1 >/dev/null; echo exit $?")
			lines := strings.Split(out, "\n")
			if lines[len(lines)-1] != "exit 1" || !strings.Contains(out, c.want) {
				t.Errorf("%s: want exit 1 and %q:\n%s", c.name, c.want, out)
			}
			if len(lines) != 2 {
				t.Errorf("%s: not one line:\n%s", c.name, out)
			}
		}
		if after := h.Identity(t, unit); after != before {
			t.Errorf("the application was touched:\nbefore %s\nafter  %s", before, after)
		}
	})
}

func TestNeedsDBusToStart(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.Must(t, "systemctl", "stop", "nexushubd.service", "dbus.socket", "dbus.service")
		if out, err := h.Try(t, "systemctl", "start", "nexushubd"); err == nil {
			t.Errorf("it starts: %s", out)
		}
		lab.Eventually(t, "the log says that D-Bus is missing", func() error {
			out := h.Sh(t, "systemctl show -p ExecMainStatus nexushubd; journalctl --no-pager -q -o cat _SYSTEMD_UNIT=nexushubd.service")
			if !strings.Contains(out, "ExecMainStatus=1") || !strings.Contains(out, "D-Bus") {
				return errors.New(out)
			}
			return nil
		})
		h.Must(t, "systemctl", "start", "dbus.socket")
		lab.Eventually(t, "nexushubd starts once D-Bus runs", func() error {
			_, err := h.Try(t, "systemctl", "is-active", "nexushubd")
			return err
		})
	})
}

func TestWrongConfigurationIsRefusedOnReload(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		h.Define(t, "broken", "instance_id = \"nope\"\nhost_name = \"hello.yesterday.localhost\"\ncolour = 1\n")
		if out, err := h.Try(t, "systemctl", "reload", "nexushubd"); err == nil {
			t.Errorf("the reload succeeded: %s", out)
		}
		out := h.Sh(t, "nexushub verify 2>&1 || true")
		for _, want := range []string{"broken.toml:1", "instance_id", "colour", "host_name"} {
			if !strings.Contains(out, want) {
				t.Errorf("verify does not say %q:\n%s", want, out)
			}
		}
		h.AwaitServed(t, hello+"/public/time")

		h.Sh(t, `rm /etc/nexushub/apps.d/broken.toml
printf '[package]\nmax_entries = 7\n[releases]\nkeep = 5\n[proxy]\nhold_timeout = "3s"\n' >/etc/nexushub/conf.d/new.toml`)
		const waits = "changed, but not in force until systemctl "
		out = h.Sh(t, "nexushub verify 2>&1")
		for _, want := range []string{"reload nexushubd: releases.keep\n",
			"restart nexushubd: package.max_entries\n", "restart nexushub-proxy: proxy.hold_timeout\n"} {
			if !strings.Contains(out+"\n", waits+want) {
				t.Errorf("verify does not say %q:\n%s", waits+want, out)
			}
		}
		out = h.Sh(t, `systemctl reload nexushubd; systemctl status nexushubd | grep Status:; nexushub verify 2>&1`)
		if !strings.Contains(out, "package.max_entries (systemctl restart nexushubd, ") ||
			!strings.Contains(out, "proxy.hold_timeout (systemctl restart nexushub-proxy, ") || strings.Contains(out, waits+"reload") {
			t.Errorf("after a reload: %s", out)
		}
		if out = h.Sh(t, "systemctl restart nexushubd nexushub-proxy; nexushub verify 2>&1"); strings.Contains(out, waits) {
			t.Errorf("after a restart: %s", out)
		}
	})
}
