package proxy

import (
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
)

// tunnel is an upgraded connection: bytes go both ways until one side ends.
type tunnel struct {
	client net.Conn
	target net.Conn
	ws     *webSocketFrames // nil: no WebSocket

	limit              time.Duration // for one side to take what it is sent
	toClient, toTarget deadline

	mu     sync.Mutex // guards writes to client, and closed
	closed bool
}

// switchProtocols relays the 101 response and then bytes.
func (s *Server) switchProtocols(x *exchange, u *upstream) {
	x.downstream.stopWaiting()
	x.status = 101
	nc, early, err := x.downstream.hijack(&u.head, x)
	if err != nil {
		u.Close()
		x.abandon()
		return
	}
	t := &tunnel{client: nc, target: u, limit: s.opt.StallTimeout}
	t.toClient.clock, t.toTarget.clock = &s.deadlines.clock, &s.deadlines.clock
	s.deadlines.add(t)
	defer s.deadlines.remove(t)
	if c, ok := x.downstream.(*conn); ok {
		c.tunnel.Store(t)
		c.waiting.set(waitTunnel, 0)
	}
	if strings.EqualFold(x.req.upgrade, "websocket") {
		t.ws = &webSocketFrames{}
	}
	x.aim.target.addTunnel(t)
	defer x.aim.target.removeTunnel(t)
	x.sent = t.run(early, u.r)
}

// run copies until either side ends and returns how much went to the client.
func (t *tunnel) run(early []byte, from *h1.Reader) (sent int64) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := t.Write(early); err == nil {
			copyOut(t, t.client)
		}
		t.target.Close()
	}()
	sent, err := t.send(from.Buffered())
	from.Consume(len(from.Buffered()))
	from.Release()
	if err == nil {
		var n int64
		n, _ = io.CopyBuffer(clientWriter{t}, onlyReader{t.target}, make([]byte, h1.Small))
		sent += n
	}
	t.close()
	<-done
	return sent
}

// copyOut copies with a small buffer: there may be thousands of such connections.
func copyOut(dst io.Writer, src io.Reader) {
	buf := make([]byte, h1.Small)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

type onlyReader struct{ io.Reader }

type clientWriter struct{ t *tunnel }

func (w clientWriter) Write(p []byte) (int, error) {
	n, err := w.t.send(p)
	return int(n), err
}

// Write is to the target.
func (t *tunnel) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	t.toTarget.set(waitWrite, t.limit)
	defer t.toTarget.set(waitNone, 0)
	return t.target.Write(p)
}

// check is called by the deadline loop: a tunnel may be silent, but not stuck.
func (t *tunnel) check() {
	if _, expired := t.toClient.expired(); expired {
		t.client.SetWriteDeadline(longAgo)
	}
	if _, expired := t.toTarget.expired(); expired {
		t.target.SetWriteDeadline(longAgo)
	}
}

// send is to the client.
func (t *tunnel) send(p []byte) (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return 0, net.ErrClosed
	case len(p) == 0:
		return 0, nil
	}
	t.toClient.set(waitWrite, t.limit)
	defer t.toClient.set(waitNone, 0)
	n, err := t.client.Write(p)
	if t.ws != nil {
		t.ws.follow(p[:n])
	}
	return int64(n), err
}

func (t *tunnel) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.client.Close()
	t.target.Close()
}

// closeRestart is a WebSocket close frame with code 1012, service restart: come back
// (RFC 6455 section 7.4, IANA registry).
var closeRestart = []byte{0x88, 0x02, 0x03, 0xf4}

// goAway ends the connection, telling a WebSocket client why where that does not cut
// a frame in two.
func (t *tunnel) goAway() {
	t.client.SetWriteDeadline(time.Now().Add(time.Second))
	t.mu.Lock()
	if !t.closed && t.ws != nil && t.ws.atBoundary() {
		t.client.Write(closeRestart) //nolint:errcheck // it is closed next in any case
	}
	t.mu.Unlock()
	t.close()
}

func (t *target) addTunnel(s *tunnel) {
	t.mu.Lock()
	t.tunnels[s] = struct{}{}
	t.mu.Unlock()
}

func (t *target) removeTunnel(s *tunnel) {
	t.mu.Lock()
	delete(t.tunnels, s)
	t.mu.Unlock()
}
