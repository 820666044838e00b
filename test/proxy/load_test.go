package proxy_test

//lint:file-ignore SA1019 http.Transport, which is to be used instead, dials for every request that waits

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/load"
)

// underLoad runs f while clients of both protocols send requests at a fixed rate, and
// fails the test for every request that was not answered with 200. f gets a function that
// returns once no more requests wait for an answer than a tenth of a second brings.
func (h *host) underLoad(t *testing.T, rate int, path string, f func(caughtUp func())) {
	t.Helper()
	var pending atomic.Int64
	fresh := h.loadClient(t)
	fresh.Transport.(*http.Transport).DisableKeepAlives = true
	clients := []*http.Client{h.loadClient(t), h.loadClient2(t), h.loadClient(t), h.loadClient2(t), fresh}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan load.Result, 1)
	go func() {
		done <- load.Run(ctx, load.Options{URL: "https://web." + domain + port + path, Rate: rate, Clients: clients,
			Pending: &pending})
	}()
	f(func() {
		lab.Within(t, soon, "the proxy has caught up with the requests", func() error {
			if n := pending.Load(); n > int64(rate/10) {
				return fmt.Errorf("%d wait", n)
			}
			return nil
		})
	})
	stop()
	result := <-done
	t.Log(result)
	if len(result.Failures) > 0 || result.OK < result.Sent || result.Sent == 0 {
		t.Errorf("%d of %d requests failed:\n%s", len(result.Failures), result.Sent,
			strings.Join(result.Failures[:min(20, len(result.Failures))], "\n"))
	}
}

// mostConns bounds the connections of one client: what waits longer for a connection counts as
// late, but does not use up this process's descriptors.
const mostConns = 64

// loadClient speaks HTTP/1.1.
func (h *host) loadClient(t *testing.T) *http.Client {
	c := h.client(t, false)
	tr := c.Transport.(*http.Transport)
	tr.MaxConnsPerHost, tr.MaxIdleConnsPerHost = mostConns, mostConns
	return c
}

// loadClient2 speaks HTTP/2. Unlike net/http's, which dials for each request that waits, it
// dials once for all, as browsers do.
func (h *host) loadClient2(t *testing.T) *http.Client {
	c := h.client(t, true)
	dial := c.Transport.(*http.Transport).DialContext
	tr := &http2.Transport{
		TLSClientConfig:    h.tlsConfig(t),
		DisableCompression: true,
		DialTLSContext: func(ctx context.Context, network, address string, config *tls.Config) (net.Conn, error) {
			raw, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			conn := tls.Client(raw, config)
			return conn, conn.HandshakeContext(ctx)
		},
	}
	t.Cleanup(tr.CloseIdleConnections)
	c.Transport = tr
	return c
}
