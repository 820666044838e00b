// Package e2e tests the installed package on machines with a real systemd, as an
// operator would use it.
package e2e

import (
	"fmt"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

const (
	hello   = "https://hello.yesterday.localhost:8443"
	site    = "https://site.yesterday.localhost:8443"
	helloID = "7d9dd7f6-6d3f-4b64-9a27-0f0c9b4f7c53"
	siteID  = "0b4c1a52-35a5-4f0c-8d7c-6d3f8f1f3f11"
)

// host is a host in the hands of this suite.
type host struct{ *lab.Host }

// onEachSuite runs a test on a host of every suite that has the package since before its boot.
func onEachSuite(t *testing.T, test func(*testing.T, *host)) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) { test(t, &host{lab.NewHost(t, s)}) })
}

// onEachInstallation installs a package with apt while the machine runs, for tests of what packages do.
func onEachInstallation(t *testing.T, deb string, test func(*testing.T, *host)) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) { test(t, &host{lab.InstallHost(t, s, deb)}) })
}

// onEachBareSuite leaves the installation to the test.
func onEachBareSuite(t *testing.T, test func(*testing.T, *host)) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		test(t, &host{&lab.Host{Machine: lab.Boot(t, lab.Options{Suite: s})}})
	})
}

// deployExamples puts hello and site there as apps.d/README tells.
func (h *host) deployExamples(t *testing.T) {
	t.Helper()
	h.CopyExample(t, "hello")
	h.CopyExample(t, "site")
	h.Define(t, "hello", fmt.Sprintf("instance_id = %q\nhost_name = \"hello.yesterday.localhost\"\npackage = \"/srv/hello\"\n", helloID))
	h.Define(t, "site", fmt.Sprintf("instance_id = %q\nhost_name = \"site.yesterday.localhost\"\nstatic_path = \"/srv/site\"\n", siteID))
	h.Reload(t)
	h.AwaitServed(t, hello+"/public/time")
	h.AwaitServed(t, site+"/")
}
