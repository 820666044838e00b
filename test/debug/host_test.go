// Package debug_test drives the API of debug applications on Debian 12 and 13 machines
// with the package installed, through the TLS proxy, as clients do.
package debug_test

import (
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

const base = "https://admin.yesterday.localhost:8443"

// host is a host and a token for its API.
type host struct {
	*lab.Host
	token string
}

// onSuites runs a test on both Debian releases at once, each on a fresh host.
func onSuites(t *testing.T, test func(*testing.T, *host)) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s)
		test(t, &host{h, h.CreateToken(t, "test")})
	})
}
