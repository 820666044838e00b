package proxy

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/proxy/accesstoken"
)

// exchange is one request on its way through the proxy.
type exchange struct {
	server     *Server
	downstream downstream
	req        request
	proto      string // HTTP/1.1, HTTP/2.0
	peer       netip.Addr
	forwarded  forwarded
	began      time.Time
	trace      uuid.UUID

	snap     *snapshot
	decision decision
	aim      aim
	pinned   *target          // that the client's cookie names
	repeated bool             // it was sent to another target after one did not answer
	replay   []byte           // the whole body, framed, for that target
	use      *accesstoken.Use // of a grant that slides
	holdEnds time.Time        // of the time that the request may be held in all; zero until it is

	status        int
	sentStatus    int           // what the client was told, when the response was cut
	sent          int64         // body bytes to the client
	upstreamWait  time.Duration // for the upstream's response head
	isEventStream bool          // the response is an event stream
	fault         error         // why there was no, or no whole, response
}

// forwarded is whether the peer's own X-Forwarded-* are believed, and what they say.
type forwarded struct {
	trusted      bool
	forwardedFor string
	proto, host  bool // X-Forwarded-Proto and -Host are there
}

// newTrace returns a random UUID. It names a request, it protects nothing.
func newTrace() (id uuid.UUID) {
	a, b := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		id[i], id[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// isIdempotent methods may be sent a second time (RFC 9110 section 9.2.2).
func isIdempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE":
		return true
	}
	return false
}
