package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/nexushub/nexushub/proxy/accesstoken"
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
	// errNoAnswer says that a target closed the connection instead of answering.
	errNoAnswer = errors.New("the connection was closed without an answer")
	// errBrokeOff says that a target closed the connection in the middle of its answer.
	errBrokeOff = errors.New("the answer broke off")
	// errUnrequestedSwitch is a 101 response to a request that did not ask for that protocol.
	errUnrequestedSwitch = errors.New("upstream switched protocols without being asked")
	// errTooManyInterim is a target that sends one interim response after another.
	errTooManyInterim = errors.New("upstream sent too many interim responses")
	// errCrashed is a fault of our own.
	errCrashed = errors.New("the proxy could not handle the request")
	// errShortFile is a file that ended before its announced length.
	errShortFile = errors.New("the file ended early, or could not be read to its end")
)

// upstreamError is a fault of the target.
type upstreamError struct {
	phase      phase
	err        error
	repeatable bool // on another target: nothing of an answer has come
}

func (e *upstreamError) Error() string { return "upstream " + string(e.phase) + ": " + e.err.Error() }
func (e *upstreamError) Unwrap() error { return e.err }

// clientError is a fault of whoever sent the request, or its disconnect.
type clientError struct{ err error }

func (e *clientError) Error() string { return "client: " + e.err.Error() }
func (e *clientError) Unwrap() error { return e.err }

// upstreamFault says in words how a connection ended. An error of the client it leaves as it is.
func upstreamFault(p phase, err error) error {
	var c *clientError
	switch {
	case errors.As(err, &c):
		return err
	case p == phaseResponse && isStale(err):
		err = fmt.Errorf("%w: %w", errNoAnswer, err)
	case errors.Is(err, io.ErrUnexpectedEOF), isStale(err):
		err = fmt.Errorf("%w: %w", errBrokeOff, err)
	}
	return &upstreamError{phase: p, err: err}
}

// isRepeatable says that the request may be sent to another target after this error.
func isRepeatable(err error) bool {
	var u *upstreamError
	return errors.As(err, &u) && u.repeatable
}

// failForward answers a request that got no response from its target.
func (s *Server) failForward(x *exchange, err error) {
	x.fault = err
	var c *clientError
	var bad *h1.Error
	switch {
	case x.use.Ended():
		x.fault = accesstoken.ErrEnded
		s.failUse(x)
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
	default:
		s.fail(x, faultStatus(err), x.whatFailed(err))
	}
}

// whatFailed tells the client what became of the request, without what is inside.
func (x *exchange) whatFailed(err error) string {
	var u *upstreamError
	connecting := errors.As(err, &u) && u.phase == phaseConnect
	who := x.askedWhom()
	switch {
	case connecting && isTimeout(err):
		return who + " could not be reached in time."
	case connecting:
		return who + " could not be reached."
	case isTimeout(err):
		return who + " did not answer in time."
	case errors.Is(err, errNoAnswer):
		return who + " closed the connection without an answer."
	case errors.Is(err, errBrokeOff):
		return "The answer broke off. " + who + " closed the connection before it was complete."
	case errors.Is(err, h1.ErrTooLarge), errors.Is(err, h1.ErrTooMany):
		return who + " answered with a header that is too large."
	}
	return who + " gave a malformed answer."
}

// askedWhom names the kind of target that the request went to.
func (x *exchange) askedWhom() string {
	switch t, r := x.decision.targets, x.decision.route; {
	case t == x.snap.agent:
		return "The debug API"
	case r != nil && t == r.dev:
		return "The development server"
	case r != nil && t == r.service:
		return "The static service"
	}
	return "The application"
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

// isStale says that the peer has closed the connection. On a reused one, before an answer, it
// had done so before it saw the request.
func isStale(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
