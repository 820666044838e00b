// Package debug_test drives the API of debug applications on Debian 12 and 13 machines
// with the package installed, through the TLS proxy, as clients do.
package debug_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

const base = "https://admin.yesterday.localhost:8443"

// host is a machine with the product on it and a token for its API.
type host struct {
	*lab.Machine
	token  string
	client *http.Client
}

// onSuites runs a test on both Debian releases, each on a fresh host.
func onSuites(t *testing.T, test func(*testing.T, *host)) {
	for _, suite := range lab.Suites {
		t.Run(string(suite), func(t *testing.T) { test(t, newHost(t, suite)) })
	}
}

func newHost(t *testing.T, suite lab.Suite) *host {
	t.Helper()
	h := &host{Machine: lab.Boot(t, lab.Options{Suite: suite})}
	h.MustInstall(t)
	var issued struct {
		Token string `json:"token"`
	}
	out := h.Must(t, "nexushub", "token", "create", "--json", "test")
	if err := json.Unmarshal([]byte(out), &issued); err != nil || issued.Token == "" {
		t.Fatalf("token create: %v in %s", err, strings.TrimSpace(out))
	}
	h.token = issued.Token
	var err error
	if h.client, err = h.TrustingClient(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.client.CloseIdleConnections)
	return h
}
