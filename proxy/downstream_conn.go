package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/nexushub/nexushub/proxy/h1"
)

// conn is one HTTP/1.x connection of a client. One goroutine serves it, request
// after request; between requests it holds no buffer.
type conn struct {
	server *Server
	from   *accepted
	net    net.Conn
	r      *h1.Reader
	sni    string
	peer   netip.Addr

	msg  h1.Head // the request
	body h1.Body
	x    exchange

	out   []byte // response bytes that are not written yet
	state connState

	opened       uint64        // tick of the deadline loop's clock
	lingersSince atomic.Uint64 // tick when it was answered for the last time
	tunnel       atomic.Pointer[tunnel]
	writing      sync.Mutex // one write at a time, and none of "100 Continue" behind the response
	abortable
}

func newConn(a *accepted, nc net.Conn, sni string) *conn {
	s := a.server
	c := &conn{server: s, from: a, net: nc, r: h1.NewReader(nc), sni: sni, peer: addrOf(nc)}
	c.waiting.clock, c.sending.clock = &s.deadlines.clock, &s.deadlines.clock
	c.opened = s.deadlines.clock.Load()
	a.handOver(c)
	return c
}

func addrOf(nc net.Conn) netip.Addr {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.IPv4Unspecified()
}

// serve answers requests until one side closes.
func (c *conn) serve() {
	c.server.deadlines.add(c)
	defer c.from.release()
	defer c.server.deadlines.remove(c)
	for c.next() {
		c.server.handle(&c.x)
		if c.state.has(hijacked) {
			return
		}
		c.state.set(served)
		if !c.another() {
			break
		}
	}
	c.close()
}

// next reads the next request head.
func (c *conn) next() bool {
	c.waiting.set(waitIdle, c.server.opt.IdleTimeout)
	if c.r.Wait(h1.Small) != nil {
		c.state.set(closesAfter)
		return false
	}
	c.arrived()
	lim := c.server.opt.Limits
	b, err := c.r.Head(h1.Small, lim)
	if err == nil {
		err = c.msg.ParseRequest(b, lim)
	}
	if err != nil {
		c.refuse(err)
		return false
	}
	c.waiting.set(waitNone, 0)
	c.prepare()
	c.r.Consume(len(b))
	return true
}

// refuse answers an invalid head, or one that came too slowly, and closes.
func (c *conn) refuse(err error) {
	c.msg, c.body = h1.Head{Minor: 1}, h1.Body{}
	c.begin(closesAfter)
	c.x.req = request{}
	var bad *h1.Error
	switch {
	case errors.As(err, &bad) && c.state.has(plainOnTLS):
		c.server.reject(&c.x, 400, c.x.req.speaksHTTPS())
	case errors.As(err, &bad):
		c.server.reject(&c.x, bad.Status, bad.Reason)
	case isTimeout(err):
		c.server.reject(&c.x, 408, "the request head did not arrive in time")
	default:
		return // nobody is there any more
	}
	c.linger()
}

// begin resets what belongs to one request.
func (c *conn) begin(f connFlag) {
	c.x = exchange{downstream: c, server: c.server, proto: "HTTP/1.1", peer: c.peer, req: request{
		requestURI: c.x.req.requestURI, authority: c.x.req.authority, sni: c.sni,
	}}
	c.state.nextRequest(f)
}

// prepare fills in what the rules need to know. Strings that equal those of the
// request before are kept.
func (c *conn) prepare() {
	c.body = c.msg.Body()
	c.begin(closesAfter.when(c.msg.Close || c.state.has(plainOnTLS)) | bodyRead.when(c.body.Done()) |
		awaitsContinue.when(c.msg.Continue && c.msg.Minor == 1 && !c.body.Empty()))
	r := &c.x.req
	r.plain, r.plainOnTLS = c.state.has(plainHTTP), c.state.has(plainOnTLS)
	r.method = methodName(c.msg.Method)
	r.requestURI = reuseString(r.requestURI, c.msg.Target)
	r.path = pathOf(r.requestURI)
	host := c.msg.Host
	if c.msg.Authority != nil {
		host = c.msg.Authority
	}
	r.authority = reuseString(r.authority, host)
	r.upgrade = string(c.msg.Upgrade)
	for i := range c.msg.Fields {
		f := &c.msg.Fields[i]
		switch f.ID {
		case h1.Authorization:
			r.bearer, r.authorized = bearerOf(string(f.Value)), true
		case h1.XApplicationID:
			r.applicationID = string(f.Value)
		case h1.Cookie:
			addCookies(r, f.Value)
		case h1.Origin, h1.SecFetchSite, h1.ServiceWorker:
			r.addOrigin(f.ID, f.Value)
		}
	}
	c.x.forwarded = c.forwarded()
}

func (c *conn) forwarded() forwarded {
	if !c.server.trusts(c.peer) {
		return forwarded{}
	}
	is := forwarded{
		trusted: true, proto: c.msg.Get(h1.XForwardedProto) != nil, host: c.msg.Get(h1.XForwardedHost) != nil,
	}
	var chain []string
	for i := range c.msg.Fields {
		if f := &c.msg.Fields[i]; f.ID == h1.XForwardedFor {
			chain = append(chain, string(f.Value))
		}
	}
	is.forwardedFor = strings.Join(chain, ", ")
	return is
}

// another says whether the connection can carry a further request.
func (c *conn) another() bool {
	if !c.state.has(responseComplete) {
		return false
	}
	if !c.state.has(closesAfter) && c.body.Done() {
		return true
	}
	if !c.body.Done() || len(c.r.Buffered()) > 0 {
		c.linger()
	}
	return false
}

// close ends the connection, with a TLS close_notify when the last response was complete.
func (c *conn) close() {
	c.r.Release()
	c.dropOut()
	if t, ok := c.net.(*tls.Conn); ok && !c.state.has(responseComplete|closesAfter) {
		c.breakOff(t.NetConn())
		return
	}
	c.net.Close()
}

// breakOff closes without a close_notify. Many clients do not miss it, and those of HTTP/1.0
// may know the end of the response by nothing else: they get a reset.
func (c *conn) breakOff(raw net.Conn) {
	if tcp, ok := rawOf(raw).(*net.TCPConn); ok && c.msg.Minor == 0 {
		tcp.SetLinger(0) //nolint:errcheck // then it is closed as others are
	}
	raw.Close()
}

// check is called by the deadline loop.
func (c *conn) check() {
	if c.waiting.overdue() || c.sending.overdue() {
		rawOf(c.net).Close()
		return
	}
	if p, expired := c.sending.expired(); expired {
		c.expire(p, c.net)
	}
	p, expired := c.waiting.expired()
	if expired {
		c.expire(p, c.net)
		return
	}
	if p == waitUpstream && hungUp(c.net) {
		c.cancel()
	}
}
