package proxy

//lint:file-ignore SA1019 net/http's transport, which it recommends, closes a body before it tries again

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"golang.org/x/net/http2"
)

// onlyHTTP2 is a client that can try again what it has not begun to send, also when there
// is a body that cannot be sent twice: net/http's closes such a body first.
func (f *fixture) onlyHTTP2() *http.Client {
	tr := &http2.Transport{
		TLSClientConfig: &tls.Config{RootCAs: f.roots},
		DialTLSContext: func(ctx context.Context, network, _ string, config *tls.Config) (net.Conn, error) {
			return (&tls.Dialer{Config: config}).DialContext(ctx, network, f.addr)
		},
	}
	f.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}
