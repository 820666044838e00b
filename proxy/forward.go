package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
)

// maxInterim bounds the heads that a target sends for one request, of which all but the last
// announce another one.
const maxInterim = 32

// forward sends the request to a target and the response back. It reports false when the
// targets take no new requests.
func (s *Server) forward(x *exchange) bool {
	if !x.aim.take(x.decision.targets, x.pin(), x.began) {
		return false
	}
	defer x.aim.leave()
	if err := s.beginUse(x); err != nil {
		s.failUse(x)
		return true
	}
	defer func() { x.use.End(x.status) }()
	u, p, err := s.ask(x)
	if err != nil {
		if x.isSuperseded(err) {
			return false
		}
		s.failForward(x, err)
		return true
	}
	x.stick(&u.head)
	if u.head.Status == 101 {
		s.switchProtocols(x, u)
		return true
	}
	s.respond(x, u, p)
	return true
}

// failUse answers when the grant has ended since the request was decided: as if it had come later.
func (s *Server) failUse(x *exchange) {
	if x.decision.token == "" {
		s.fail(x, 401, "The access token is no longer valid.")
		return
	}
	x.decision = decision{action: actSignIn, route: x.decision.route}
	x.downstream.local(http.HandlerFunc(x.signIn), x)
}

// beginUse counts a request to the debug API or a private application as a use of the grant that
// lets it in.
func (s *Server) beginUse(x *exchange) (err error) {
	switch {
	case x.decision.access != "":
		x.use, err = s.grants.Begin(x.req.bearer, x.snap.table.AdminInstance)
	case x.decision.token != "":
		x.use, err = s.grants.Begin(x.decision.token, x.decision.route.Instance)
	}
	return err
}

// pin is the target that the client's cookie names, nil for none.
func (x *exchange) pin() *target {
	x.pinned = nil
	if s := x.decision.targets.sticky; s != nil {
		x.pinned = x.downstream.target(s)
	}
	if x.pinned != nil && x.pinned.draining.Load() {
		x.pinned = nil
	}
	return x.pinned
}

// ask sends the request and waits for the response head. An idempotent request is sent a second
// time when a kept connection turns out to have died before anybody answered, and once to another
// target when one did not answer.
func (s *Server) ask(x *exchange) (*upstream, *pump, error) {
	for fresh := false; ; {
		u, p, err := s.attempt(x, fresh)
		switch {
		case errors.Is(err, errStale):
			s.metrics.retries.Inc()
			fresh = true
		case isRepeatable(err) && !x.repeated && x.aim.move(phaseResponse, err):
			x.repeated, fresh = true, false
		default:
			return u, p, err
		}
	}
}

// mayRepeat says that the method allows to ask another target after one did not answer, and that
// there is one.
func (x *exchange) mayRepeat() bool {
	return isIdempotent(x.req.method) && len(x.decision.targets.all) > 1
}

// isSuperseded says that the request failed on a target that a newer table has replaced, and may
// be sent to those that are in it.
func (x *exchange) isSuperseded(err error) bool {
	var u *upstreamError
	isWhole := x.replay != nil || x.downstream.bodyLength() == 0
	if !isWhole || !x.aim.target.draining.Load() || !errors.As(err, &u) {
		return false
	}
	again := u.phase == phaseConnect || u.repeatable && !x.repeated
	x.repeated = x.repeated || u.repeatable
	return again
}

// attempt sends the request over one connection and waits for the response head.
func (s *Server) attempt(x *exchange, fresh bool) (*upstream, *pump, error) {
	p := newPump(x)
	if err := p.prepare(); err != nil {
		return nil, nil, err
	}
	u, err := x.aim.conn(context.Background(), fresh)
	if err != nil {
		p.release()
		return nil, nil, &upstreamError{phase: phaseConnect, err: err}
	}
	x.downstream.awaitUpstream(u, x.silence())
	x.use.OnEnd(u.interrupt)
	if err = p.send(u); err == nil {
		err = s.awaitHead(x, u, p)
	}
	if err == nil {
		return u, p, nil
	}
	ended := p.ended()
	cause := p.stop()
	x.downstream.stopWaiting()
	x.use.OnEnd(func() {})
	u.Close()
	again := isIdempotent(x.req.method) && isStale(err) && p.isRepeatable() && !isClosed(x.downstream.gone())
	switch {
	case cause != nil && (ended || errors.Is(err, net.ErrClosed) || isTimeout(err)):
		return nil, nil, cause // otherwise the target failed first, and stop ended the reading
	case u.used && again:
		return nil, nil, errStale
	}
	err = upstreamFault(phaseResponse, err)
	var fault *upstreamError
	if errors.As(err, &fault) {
		fault.repeatable = again && u.silent()
	}
	return nil, nil, err
}

// awaitHead reads the response head, passing 1xx responses on.
func (s *Server) awaitHead(x *exchange, u *upstream, p *pump) error {
	closes := false // an interim response says so, or was mended
	for range maxInterim {
		if err := u.readHead(s.opt.Limits); err != nil {
			return err
		}
		h := &u.head
		h.Close = h.Close || closes
		closes = h.Close
		x.filterResponse(h)
		switch {
		case h.Status == 100:
			p.proceed()
		case h.Status == 101 && x.req.upgrade != "" && strings.EqualFold(string(h.Upgrade), x.req.upgrade):
			return nil
		case h.Status == 101:
			return errUnrequestedSwitch
		case h.Status < 200:
			if err := x.downstream.inform(h); err != nil {
				return &clientError{err: err}
			}
		default:
			x.upstreamWait = time.Since(x.began)
			return nil
		}
	}
	return errTooManyInterim
}

// respond passes the response on, piece by piece as it comes.
func (s *Server) respond(x *exchange, u *upstream, p *pump) {
	x.status = u.head.Status
	x.use.Answered(x.status)
	if x.decision.signsOut {
		x.noteSignOut(&u.head)
	}
	whole := p.arrived() // what answers half a request may yet take the rest for another one
	body := u.head.BodyOf(x.req.method)
	silence := x.silence()
	if isEventStream(u.head.Get(h1.ContentType)) && x.idleSec() == 0 {
		silence = 0 // such a stream is silent as long as nothing happens
		x.isEventStream = true
		s.eventStreams.add(u)
		defer s.eventStreams.remove(u)
	}
	x.downstream.awaitUpstream(u, silence)
	err := x.downstream.start(&u.head, responseLength(&u.head, x.req.method, &body), x)
	if err == nil {
		err = x.stream(u, &body, silence)
	}
	reusable := err == nil && whole && u.reusable(x.req.method, &body)
	p.stop()
	x.downstream.stopWaiting()
	x.use.End(x.status)
	if len(u.r.Buffered()) > 0 && body.Done() {
		x.aim.target.sentUnsolicited.Store(true)
	}
	if reusable && !u.interrupted.Load() {
		x.aim.target.put(u, x.began.Add(x.upstreamWait))
		return
	}
	u.Close()
	if err != nil {
		s.unfinished(x, err)
	}
}

// stream copies the body. It flushes before every wait, so nothing that the target
// has sent lies here while there is time to pass it on.
func (x *exchange) stream(u *upstream, body *h1.Body, silence time.Duration) error {
	for {
		if !body.Ready(u.r) {
			if err := x.downstream.flush(); err != nil {
				return &clientError{err: err}
			}
			x.downstream.awaitUpstream(u, silence)
		}
		piece, err := body.Next(u.r)
		if len(piece) == 0 && err != nil {
			return x.lastPiece(body, err)
		}
		x.sent += int64(len(piece))
		if err := x.downstream.write(piece); err != nil {
			return &clientError{err: err}
		}
	}
}

func (x *exchange) lastPiece(body *h1.Body, err error) error {
	if !body.Done() && !(x.isEventStream && isTimeout(err) && (x.server.isStopping() || x.use.Ended())) {
		return upstreamFault(phaseBody, err)
	}
	if err := x.downstream.end(body.Trailers.Fields); err != nil {
		return &clientError{err: err}
	}
	return nil
}

// responseLength is the length to announce, -1 when only the end will tell.
func responseLength(h *h1.Head, method string, body *h1.Body) int64 {
	switch {
	case method == "HEAD" || h.Status == 304:
		return h.Length
	case body.Chunked():
		return -1
	case body.Empty():
		return 0
	}
	return h.Length
}

// silence is how long the target may be silent.
func (x *exchange) silence() time.Duration {
	if d := x.idleSec(); d > 0 {
		return d
	}
	return x.server.opt.StallTimeout
}

func (x *exchange) idleSec() time.Duration {
	if x.decision.route == nil {
		return 0
	}
	return time.Duration(x.decision.route.IdleSec * float64(time.Second))
}

func isEventStream(contentType []byte) bool {
	const want = "text/event-stream"
	return len(contentType) >= len(want) && h1.EqualFold(contentType[:len(want)], want)
}

func isClosed(gone <-chan struct{}) bool {
	select {
	case <-gone:
		return true
	default:
		return false
	}
}
