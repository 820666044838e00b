package proxy

import (
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/nexushub/nexushub/proxy/certs"
	"github.com/nexushub/nexushub/proxy/h1"
)

// Options is what a Server is made of. Every duration but MaxSlide must be positive.
type Options struct {
	Listeners []Listener
	Domain    string // for the local CA, until a table says more
	CertDir   string
	StateDir  string // routes.json, tokens, ca/, acme/
	RunDir    string // internal-secret; kept over restarts, not over a boot

	TrustedProxies []netip.Prefix
	HoldTimeout    time.Duration
	DrainTimeout   time.Duration
	HeaderTimeout  time.Duration
	IdleTimeout    time.Duration
	StallTimeout   time.Duration
	MaxConnections int
	MaxStreams     int // HTTP/2 requests in progress, over all connections
	Limits         h1.Limits
	MaxSlide       time.Duration // of access tokens of the admin application, after their issue; may be 0
	Introspect     time.Duration // how often the login application is asked about them
	AccessLog      bool
	AccessLogRate  int
	ACME           certs.ACMEOptions

	Version string
	// Settings are told in the status, so that what has changed on disk since can be found.
	Settings map[string]string
	Log      *slog.Logger
	Ready    func() // called once all listeners are served
	// Status is called with how the proxy is, in words, when that changes; nil: nobody is told.
	Status func(string)

	// For tests: what moves the deadline loop's clock instead of time, a shorter grace, and
	// fewer held requests.
	ticks          <-chan time.Time
	keepAliveGrace time.Duration
	maxHeld        int
}

// Listener is one listening socket and what it is for: https, http (redirects) or
// control. The proxy does not close the sockets it was given by PID 1 for good: the
// next process gets them again.
type Listener struct {
	Name string
	net.Listener
}
