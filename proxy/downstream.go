package proxy

import (
	"net"
	"net/http"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
)

// requestSide is how a request is read, whether it came by HTTP/1.1 or HTTP/2.
type requestSide interface {
	// appendFields appends the header lines that may go on to a target.
	appendFields(dst []byte, x *exchange) []byte
	// accept is the header Accept.
	accept() string
	// target is the one that the cookies name, nil for none.
	target(s *sticky) *target
	// bodyLength is 0 without a body and -1 when it is not known.
	bodyLength() int64
	// read returns the next piece of the body, io.EOF at its end; ready says that it
	// would not have to wait.
	read() ([]byte, error)
	ready() bool
	// trailers are there after io.EOF.
	trailers() []h1.Field
	// expectsContinue: the body comes after proceed has sent "100 Continue".
	expectsContinue() bool
	proceed() error
	// stopReading makes a read that waits return; the body cannot be read again.
	stopReading()
}

// responseSide is how its response is written.
type responseSide interface {
	// inform sends a 1xx response.
	inform(h *h1.Head) error
	// start begins the response; length is -1 when it is not known.
	start(h *h1.Head, length int64, x *exchange) error
	// write may buffer until flush; end finishes the response.
	write(p []byte) error
	flush() error
	end(trailers []h1.Field) error
	// retract takes back a response of which nothing has left, so that another one can be
	// given. It reports false when some of it has.
	retract() bool
	// abort ends the response so that the receiver sees that it is incomplete.
	abort()
}

// downstream is the side of an exchange that the request came from.
type downstream interface {
	requestSide
	responseSide
	// awaitUpstream bounds how long the upstream may be silent, without end when silence is
	// 0; awaitTable how long the request may wait for another table. Both watch the client
	// meanwhile, until the next call or stopWaiting.
	awaitUpstream(u *upstream, silence time.Duration)
	awaitTable(limit time.Duration)
	stopWaiting()
	// hijack sends the 101 response and takes over the connection, with what the
	// client has already sent.
	hijack(h *h1.Head, x *exchange) (net.Conn, []byte, error)
	// local lets a handler of our own answer.
	local(h http.Handler, x *exchange)
	// gone is closed when the client has disconnected, as far as one can know.
	gone() <-chan struct{}
	// wasEvicted says that it has not: the request had to make room for others.
	wasEvicted() bool
}
