package proxy

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"time"
)

// maxRedecisions bounds how often one request follows a target that is replaced.
const maxRedecisions = 16

// handle decides about a request and answers it. A fault of ours ends this request and
// no other.
func (s *Server) handle(x *exchange) {
	x.began = time.Now()
	x.trace = newTrace()
	epoch := s.epoch.Load()
	s.inFlight[epoch].Add(1)
	defer s.inFlight[epoch].Add(-1)
	defer func() {
		if fault := recover(); fault != nil {
			s.crashed(x, fault)
		}
		s.finish(x)
	}()
	s.decide(x)
	stats := x.stats()
	stats.enter(x.began)
	defer stats.leave()
	for again := 0; !s.act(x); again++ {
		if again == maxRedecisions {
			s.fail(x, 503, "The application is being replaced.")
			return
		}
		s.decide(x)
	}
}

func (s *Server) crashed(x *exchange, fault any) {
	s.log.Error("request crashed in the proxy", "trace_id", x.trace.String(), "error", fmt.Sprint(fault),
		"stack", string(debug.Stack()))
	x.fault = errCrashed
	x.sentStatus, x.status = x.status, http.StatusInternalServerError
	x.downstream.abort()
}

// decide applies the rules of the table in force, holding the request while its
// instance starts.
func (s *Server) decide(x *exchange) {
	x.snap = s.snapshot.Load()
	x.decision = x.snap.decide(&x.req, s.grants)
	if x.decision.action == actHold {
		s.hold(x)
	}
}

// act answers the request as decided. It reports false, before anything was answered, when
// the target is being replaced at this very moment: decide again.
func (s *Server) act(x *exchange) bool {
	switch x.decision.action {
	case actForward:
		return s.forward(x)
	case actFile:
		return s.file(x)
	case actSetToken:
		x.downstream.local(http.HandlerFunc(x.setToken), x)
	case actAccessToken:
		x.downstream.local(http.HandlerFunc(x.accessToken), x)
	case actRedirect:
		x.downstream.local(http.HandlerFunc(x.redirect), x)
	case actSlash:
		x.downstream.local(http.HandlerFunc(x.slash), x)
	case actSignIn:
		x.downstream.local(http.HandlerFunc(x.signIn), x)
	case actKeys:
		x.downstream.local(http.HandlerFunc(x.keys), x)
	case actToTLS:
		x.downstream.local(http.HandlerFunc(x.toTLS), x)
	default:
		s.fail(x, x.decision.status, x.decision.reason)
	}
	return true
}

// fail answers with an error page of our own.
func (s *Server) fail(x *exchange, status int, reason string) {
	if status == 499 {
		x.abandon()
		return
	}
	x.downstream.local(errorPage{status: status, reason: reason, x: x}, x)
}

// reject answers what is not even a request.
func (s *Server) reject(x *exchange, status int, reason string) {
	x.began = time.Now()
	x.trace = newTrace()
	s.fail(x, status, reason)
	s.finish(x)
}
