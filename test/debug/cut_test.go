package debug_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// cutter is a network whose connections break after so many bytes were sent.
type cutter struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	left atomic.Int64
}

var errCut = errors.New("cut")

func (c *cutter) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.dial(ctx, network, address)
	return &cutConn{conn, c}, err
}

type cutConn struct {
	net.Conn
	c *cutter
}

func (c *cutConn) Write(p []byte) (int, error) {
	left := c.c.left.Add(-int64(len(p))) + int64(len(p))
	if left >= int64(len(p)) {
		return c.Conn.Write(p)
	}
	n := 0
	if left > 0 {
		n, _ = c.Conn.Write(p[:left])
	}
	return n, errors.Join(errCut, c.Conn.Close())
}

// client is h.HTTP over a network that breaks; every request has a connection of
// its own, so that bytes are counted from its beginning.
func (c *cutter) client(h *host) *http.Client {
	base := h.HTTP.Transport.(*http.Transport)
	tr := &http.Transport{TLSClientConfig: base.TLSClientConfig.Clone(), DisableKeepAlives: true}
	c.dial = h.DialContext
	tr.DialContext = c.DialContext
	return &http.Client{Transport: tr, Timeout: h.HTTP.Timeout}
}

// A connection that breaks at any place of any chunk costs that chunk and nothing else.
func TestConnectionCutAtEveryChunkAndWithin(t *testing.T) {
	const handshake = 2000 // bytes of TLS before a request, about
	f := newFile(noise(8*300_000-1234), 300_000)
	onSuites(t, func(t *testing.T, h *host) {
		id := h.create(t, "cut")
		network := &cutter{}
		broken := network.client(h)
		for i := range f.chunks() {
			size := int64(len(f.chunk(i)))
			for _, at := range []int64{1, handshake, handshake + 1000, size / 2, size - 1000, size + 200} {
				network.left.Store(at)
				if status, answer := h.send(t.Context(), broken, id, f, i); status != 0 {
					t.Fatalf("chunk %d cut after %d bytes: %d %s", i, at, status, answer)
				}
				if i == 0 {
					continue
				}
				if st := h.uploadStatus(t, id); st.ReceivedChunks != i {
					t.Fatalf("chunk %d cut after %d bytes: %d received", i, at, st.ReceivedChunks)
				}
			}
			if status, answer := h.send(t.Context(), h.HTTP, id, f, i); status != 200 {
				t.Fatalf("chunk %d: %d %s", i, status, answer)
			}
		}
		h.checkArrived(t, id, f)
	})
}
