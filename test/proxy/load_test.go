package proxy_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/load"
)

// underLoad runs f while clients of both protocols send requests at a fixed rate, and
// fails the test for every request that was not answered with 200.
func (h *host) underLoad(t *testing.T, rate int, path string, f func()) {
	t.Helper()
	fresh := h.client(t, false)
	fresh.Transport.(*http.Transport).DisableKeepAlives = true
	clients := []*http.Client{h.client(t, false), h.client(t, true), h.client(t, false), h.client(t, true), fresh}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan load.Result, 1)
	go func() {
		done <- load.Run(ctx, load.Options{URL: "https://web." + domain + port + path, Rate: rate, Clients: clients})
	}()
	f()
	stop()
	result := <-done
	t.Log(result)
	if len(result.Failures) > 0 || result.OK < result.Sent || result.Sent == 0 {
		t.Errorf("%d of %d requests failed:\n%s", len(result.Failures), result.Sent, strings.Join(result.Failures[:min(20, len(result.Failures))], "\n"))
	}
}
