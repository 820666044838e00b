package proxy

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nexushub/nexushub/proxy/h1"
)

// continueWait is how long a client that expects "100 Continue" waits for a target
// that does not know it.
const continueWait = time.Second

const lastWrite = 10 * time.Millisecond

// pump sends a request to its target: the head at once, with as much of the body as
// is there, the rest from a goroutine of its own while the response is read.
type pump struct {
	x         *exchange
	u         *upstream
	initial   []byte // what is sent at once
	chunked   bool
	remaining int64  // bytes of a body of known length
	complete  bool   // everything, before or by the goroutine
	keeps     bool   // the body may have to be sent again
	kept      []byte // all of it until now, framed
	rejected  bool   // ... but the target did not take it

	bodyWanted chan struct{} // closed: the target wants the body
	once       sync.Once
	stopped    chan struct{} // closed: nobody wants the body any more
	done       chan struct{} // closed: the goroutine has ended; nil: there was none
	err        error         // of the goroutine
	bodyRead   atomic.Bool   // the goroutine has read the whole body
}

func newPump(x *exchange) *pump {
	n := x.downstream.bodyLength()
	return &pump{x: x, chunked: n < 0, remaining: n, complete: n == 0 || x.replay != nil,
		keeps: n != 0 && x.mayRepeat() && x.replay == nil}
}

// prepare writes down the head and what has arrived of the body.
func (p *pump) prepare() (err error) {
	p.initial = append(appendRequest(h1.Get(h1.Large)[:0], p.x), p.x.replay...)
	if !p.complete && !p.x.downstream.expectsContinue() {
		p.initial, err = p.prepend(p.initial)
	}
	if err != nil {
		p.release()
	}
	return err
}

func (p *pump) release() {
	h1.Put(p.initial)
	p.initial = nil
}

func (p *pump) send(u *upstream) error {
	p.u = u
	_, err := u.Write(p.initial)
	p.release()
	if err == nil && !p.complete {
		p.start()
	}
	return err
}

// prepend puts the part of the body that has arrived behind the head.
func (p *pump) prepend(out []byte) ([]byte, error) {
	var err error
	for !p.complete && p.x.downstream.ready() && len(out) < h1.Large/2 && err == nil {
		out, err = p.next(out)
	}
	return out, err
}

// next appends the next piece of the body, framed.
func (p *pump) next(out []byte) ([]byte, error) {
	before := len(out)
	out, err := p.frame(out)
	if p.keeps {
		p.keep(out[before:])
	}
	return out, err
}

// maxKept is how much of a body is kept to be sent again. More of it is rare in requests that may
// be, and would be held for each of them.
const maxKept = h1.Large

func (p *pump) keep(piece []byte) {
	if p.keeps = len(p.kept)+len(piece) <= maxKept; p.keeps {
		p.kept = append(p.kept, piece...)
	} else {
		p.kept = nil
	}
}

// isRepeatable says that the whole request can be sent again, and leaves its body to the exchange
// for that. The goroutine has ended.
func (p *pump) isRepeatable() bool {
	if p.complete && p.keeps {
		p.x.replay = p.kept
	}
	return p.x.replay != nil || p.x.downstream.bodyLength() == 0
}

func (p *pump) frame(out []byte) ([]byte, error) {
	piece, err := p.x.downstream.read()
	if err != nil && !errors.Is(err, io.EOF) {
		return out, &clientError{err: err}
	}
	p.remaining -= int64(len(piece))
	ended := errors.Is(err, io.EOF)
	if !p.chunked {
		if ended && p.remaining > 0 {
			return out, &clientError{err: io.ErrUnexpectedEOF}
		}
		p.complete = p.remaining <= 0
		return append(out, piece...), nil
	}
	out = appendChunk(out, piece)
	if ended {
		out = appendLastChunk(out, p.x.downstream.trailers())
		p.complete = true
	}
	return out, nil
}

func (p *pump) start() {
	p.bodyWanted, p.stopped, p.done = make(chan struct{}), make(chan struct{}), make(chan struct{})
	if !p.x.downstream.expectsContinue() {
		close(p.bodyWanted)
	}
	go p.run()
}

func (p *pump) run() {
	defer close(p.done)
	if p.wait() {
		p.err = p.copy()
	}
	if p.err != nil {
		p.u.Close() // whoever waits for the response need not wait longer
	}
}

// wait holds the body back until the target wants it or has had its time.
func (p *pump) wait() bool {
	timer := time.NewTimer(continueWait)
	defer timer.Stop()
	select {
	case <-p.bodyWanted:
	case <-timer.C:
	case <-p.stopped:
		return false
	}
	if !p.x.downstream.expectsContinue() {
		return true
	}
	if err := p.x.downstream.proceed(); err != nil {
		p.err = &clientError{err: err}
	}
	return p.err == nil
}

func (p *pump) copy() error {
	out := h1.Get(h1.Large)[:0]
	defer func() { h1.Put(out) }()
	silence := p.x.silence()
	for !p.complete {
		var err error
		if out, err = p.next(out[:0]); err != nil {
			return err
		}
		p.bodyRead.Store(p.complete)
		p.u.SetWriteDeadline(time.Now().Add(silence))
		if _, err := p.u.Write(out); err != nil {
			p.rejected = true
			p.discard(out)
			return nil // the response, or its absence, says why
		}
		p.x.downstream.awaitUpstream(p.u, silence)
	}
	p.u.SetWriteDeadline(time.Time{}) // for the next request
	return nil
}

// discard reads what the target does not take any more: a client that sends first and reads later
// takes no response before.
func (p *pump) discard(out []byte) {
	var err error
	for !p.complete && err == nil {
		out, err = p.next(out[:0])
	}
	p.bodyRead.Store(p.complete)
}

// proceed says that the target has sent "100 Continue".
func (p *pump) proceed() {
	if p.bodyWanted != nil && p.x.downstream.expectsContinue() {
		p.once.Do(func() { close(p.bodyWanted) })
	}
}

// finished says that the target has got the whole request.
func (p *pump) finished() bool {
	if p.done == nil {
		return p.complete
	}
	if p.bodyRead.Load() {
		p.awaitLastWrite()
	}
	return p.ended() && p.complete && !p.rejected
}

// arrived says that the target's side has it, too: much can wait in this kernel for a target that
// answers unread, and may close the connection next.
func (p *pump) arrived() bool { return p.finished() && (p.done == nil || !p.u.probe.untaken()) }

// ended says that the goroutine has ended.
func (p *pump) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// awaitLastWrite gives the goroutine a moment: the response to the last bytes often
// comes before the call that wrote them has returned.
func (p *pump) awaitLastWrite() {
	t := time.NewTimer(lastWrite)
	defer t.Stop()
	select {
	case <-p.done:
	case <-t.C:
	}
}

// stop ends the goroutine and returns its error, which is the client's.
func (p *pump) stop() error {
	if p.done == nil {
		return nil
	}
	close(p.stopped)
	if !p.finished() {
		if !p.bodyRead.Load() {
			p.x.downstream.stopReading()
		}
		p.u.Close()
	}
	<-p.done
	return p.err
}
