package proxy

import (
	"errors"
	"net"
	"os"

	"github.com/nexushub/nexushub/proxy/h1"
)

// phase is where an upstream failed.
type phase string

const (
	phaseConnect  phase = "connect"
	phaseResponse phase = "response"
	phaseBody     phase = "body"
)

var (
	// errStale says that a kept connection died before the request reached anybody.
	errStale = errors.New("upstream connection was closed while idle")
	// errUnrequestedSwitch is a 101 response to a request that did not ask for that protocol.
	errUnrequestedSwitch = errors.New("upstream switched protocols without being asked")
	// errTooManyInterim is a target that sends one interim response after another.
	errTooManyInterim = errors.New("upstream sent too many interim responses")
	// errCrashed is a fault of our own.
	errCrashed = errors.New("the proxy could not handle the request")
)

// upstreamError is a fault of the target.
type upstreamError struct {
	phase phase
	err   error
}

func (e *upstreamError) Error() string { return "upstream " + string(e.phase) + ": " + e.err.Error() }
func (e *upstreamError) Unwrap() error { return e.err }

// clientError is a fault of whoever sent the request, or its disconnect.
type clientError struct{ err error }

func (e *clientError) Error() string { return "client: " + e.err.Error() }
func (e *clientError) Unwrap() error { return e.err }

// upstreamFault leaves an error of the client as it is.
func upstreamFault(p phase, err error) error {
	var c *clientError
	if errors.As(err, &c) {
		return err
	}
	return &upstreamError{phase: p, err: err}
}

// failForward answers a request that got no response from its target.
func (s *Server) failForward(x *exchange, err error) {
	x.fault = err
	var c *clientError
	var bad *h1.Error
	switch {
	case x.downstream.wasEvicted() && isClosed(x.downstream.gone()):
		s.fail(x, 503, tooManyRequests)
	case isClosed(x.downstream.gone()):
		x.abandon()
	case errors.As(err, &c) && isTimeout(err):
		s.fail(x, 408, "The request body did not arrive in time.")
	case errors.As(err, &c) && errors.As(err, &bad):
		s.fail(x, bad.Status, "The request body is malformed: "+bad.Reason+".")
	case errors.As(err, &c):
		x.abandon()
	case isTimeout(err):
		s.fail(x, 504, "The application did not answer in time.")
	default:
		s.fail(x, 502, "The application could not be reached.")
	}
}

// abandon notes that nobody is there any more to answer to.
func (x *exchange) abandon() {
	x.status = 499
	x.downstream.abort()
}

// isTimeout recognises the deadlines of connections.
func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || (errors.As(err, &n) && n.Timeout())
}
