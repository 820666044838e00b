package soak

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

// On a Debian that has nothing but an init, `apt install ./nexushub_*.deb` gets what it
// needs over the network, and after the next boot everything is there.
func TestAptGetsDependencies(t *testing.T) {
	deb, err := lab.Deb()
	if err != nil {
		t.Fatal(err)
	}
	for _, suite := range lab.Suites {
		t.Run(string(suite), func(t *testing.T) {
			tree := filepath.Join(t.TempDir(), "tree")
			install := fmt.Sprintf(`chroot "$1" sh -ec '! dpkg -s dbus ca-certificates >/dev/null 2>&1; apt-get install -y /root/%s'`, filepath.Base(deb))
			build := exec.CommandContext(t.Context(), "mmdebstrap", "--quiet", "--variant=minbase", "--include=systemd-sysv",
				"--customize-hook=copy-in "+deb+" /root", "--customize-hook="+install, string(suite), tree)
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("mmdebstrap: %v\n%s", err, out)
			}
			m := lab.Boot(t, lab.Options{Suite: suite, Tree: tree})
			site := filepath.Join(lab.Dist(), "examples", "site")
			if err := m.CopyIn(t.Context(), site, "/srv/site"); err != nil {
				t.Fatal(err)
			}
			m.Must(t, "systemctl", "is-active", "nexushubd.service", "nexushub-proxy.service", "dbus.service")
			m.Must(t, "sh", "-c", "mkdir /srv/site/static && mv /srv/site/*.* /srv/site/static")
			url := m.Must(t, "nexushub", "deploy", "/srv/site")
			served(t, m, url)
		})
	}
}

// served waits until an address answers; the certificate must be trusted.
func served(t *testing.T, m *lab.Machine, url string) {
	t.Helper()
	client, err := m.TrustingClient(t.Context())
	for deadline := time.Now().Add(time.Minute); err == nil; time.Sleep(100 * time.Millisecond) {
		var res *http.Response
		if res, err = client.Get(strings.TrimSpace(url)); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v, %v", url, res, err)
		}
		err = nil
	}
	t.Fatal(err)
}
