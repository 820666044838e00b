package soak

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// On a Debian that has nothing but an init, `apt install ./nexushub_*.deb` gets what it
// needs over the network, and after the next boot everything is there.
func TestAptGetsDependencies(t *testing.T) {
	deb := lab.MustDeb(t)
	lab.EachSuite(t, func(t *testing.T, suite lab.Suite) {
		tree := filepath.Join(t.TempDir(), "tree")
		install := fmt.Sprintf(`chroot "$1" sh -ec 'if dpkg -s dbus ca-certificates >/dev/null 2>&1; then exit 9; fi; apt-get install -y /root/%s'`, filepath.Base(deb))
		build := exec.CommandContext(t.Context(), "mmdebstrap", "--quiet", "--variant=minbase",
			"--include=systemd-sysv",
			"--customize-hook=copy-in "+deb+" /root", "--customize-hook="+install, string(suite), tree)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("mmdebstrap: %v\n%s", err, out)
		}
		h := &lab.Host{Machine: lab.Boot(t, lab.Options{Suite: suite, Tree: tree})}
		h.CopyExample(t, "site")
		h.Must(t, "systemctl", "is-active", "nexushubd.service", "nexushub-proxy.service", "dbus.service")
		h.Sh(t, "mkdir /srv/site/static; mv /srv/site/*.* /srv/site/static")
		url := strings.TrimSpace(h.Must(t, "nexushub", "deploy", "/srv/site"))
		var err error
		if h.HTTP, err = h.TrustingClient(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.AwaitServed(t, url)
	})
}
