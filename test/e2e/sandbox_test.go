package e2e

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// Applications beside hello; the last one is stopped, and one is a guest, whose gates are units, too.
var others = []string{"a", "b", "c", "guest", "stopped"}

// TestUpgradeBringsTheNewSandbox: what runs in the sandbox of an earlier version is
// replaced after an upgrade without a failed request, and what was stopped stays so.
func TestUpgradeBringsTheNewSandbox(t *testing.T) {
	old, err := lab.OldDeb("unnumbered-sandbox", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	deb := lab.MustDeb(t)
	onEachInstallation(t, old, func(t *testing.T, h *host) {
		h.deployExamples(t)
		for i, name := range others {
			more := ""
			if name == "guest" {
				more = "network = \"guest\"\n"
			}
			h.Define(t, name, fmt.Sprintf("instance_id = \"4c2f4b5e-3c55-4b0f-9d53-0a9e5a1f7d%02d\"\nhost_name = \"%s.yesterday.localhost\"\npackage = \"/srv/hello\"\n", i, name)+more)
		}
		h.Reload(t)
		for _, name := range others {
			h.AwaitServed(t, "https://"+name+".yesterday.localhost:8443/public/time")
		}
		h.Must(t, "nexushub", "stop", "stopped")
		h.Must(t, "nexushub", "deploy", "/srv/hello", "--name", "deployed")
		h.HTTP = http1(h.HTTP)
		h.UnderLoad(t, hello+"/public/time", 200, func() {
			h.MustInstallDeb(t, deb)
			lab.Eventually(t, "every application runs in the new sandbox", func() error { return h.allNew(t) })
		})
		if out := h.Sh(t, "nexushub status stopped || true"); !strings.Contains(out, "stopped by operator") {
			t.Errorf("what was stopped:\n%s", out)
		}
		if out := h.Must(t, "nexushub", "status", "--system"); strings.Contains(out, "earlier version") {
			t.Errorf("nothing is old, and:\n%s", out)
		}
	})
}

// allNew: every unit says that it is of a sandbox that has a number, and no gate is one that systemd of Debian 12 ends
// after 90 s.
func (h *host) allNew(t *testing.T) error {
	units := strings.Fields(h.Sh(t,
		"systemctl list-units --plain --no-legend 'nexushub-app-*.service' | cut -d' ' -f1"))
	if len(units) != len(others)+1 {
		return fmt.Errorf("units: %v", units)
	}
	for _, unit := range units {
		if access := h.Sh(t, "systemctl show -p NotifyAccess --value "+unit); access != "none" {
			return fmt.Errorf("%s has NotifyAccess=%s", unit, access)
		}
	}
	gates := strings.Fields(h.Sh(t, "systemctl show -P Type 'nexushub-gate-*.service'")) // of those in use
	return lab.Unless(slices.Equal(gates, []string{"exec"}), "the gates are of the types %q", gates)
}

// http1 is for a proxy of the earlier version, which at its end lost what HTTP/2
// connections asked that had only just been made.
func http1(c *http.Client) *http.Client {
	transport := c.Transport.(*http.Transport).Clone()
	transport.ForceAttemptHTTP2, transport.TLSNextProto = false, map[string]func(string, *tls.Conn) http.RoundTripper{}
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	return &http.Client{Transport: transport, Timeout: c.Timeout}
}
