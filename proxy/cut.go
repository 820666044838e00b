package proxy

import (
	"errors"
	"net/http"

	"github.com/nexushub/nexushub/proxy/accesstoken"
)

// unfinished ends a response that has begun and cannot be finished: it is taken back for an
// error page while nothing of it has left, and cut otherwise.
func (s *Server) unfinished(x *exchange, err error) {
	var c *clientError
	if errors.As(err, &c) || !x.downstream.retract() {
		x.cut(err)
		return
	}
	x.status, x.sent = 0, 0
	s.failForward(x, err)
}

// cut breaks a response off, so that the client cannot take it for a whole one. From then on
// the exchange has the status of what became of it, beside the one that the client was told.
func (x *exchange) cut(err error) {
	x.sentStatus = x.status
	var c *clientError
	switch gone := isClosed(x.downstream.gone()); {
	case x.use.Ended():
		x.status, x.fault = http.StatusUnauthorized, accesstoken.ErrEnded
		x.downstream.flush() //nolint:errcheck // as below
	case gone && x.downstream.wasEvicted():
		x.status = http.StatusServiceUnavailable
	case gone || errors.As(err, &c):
		x.status = 499
	default:
		x.status, x.fault = faultStatus(err), err
		x.downstream.flush() //nolint:errcheck // what the target has sent, if the client still takes it
	}
	x.downstream.abort()
}

// faultStatus is what an error that is not the client's amounts to.
func faultStatus(err error) int {
	switch {
	case errors.Is(err, errCrashed), errors.Is(err, errShortFile):
		return http.StatusInternalServerError
	case isTimeout(err):
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}
