package proxy

import "sync/atomic"

// connFlag is one thing that is true of an HTTP/1.x connection or of its present request.
type connFlag uint32

const (
	plainHTTP  connFlag = 1 << iota // the connection came without TLS: requests are redirected
	plainOnTLS                      // ... to the port of TLS: its one request is told so
	served                          // it has answered a request
	evicted                         // it was evicted: the response is the last
	hijacked                        // a tunnel has taken it over

	awaitsContinue   // the client waits for "100 Continue"
	bodyRead         // the request body has been read to its end
	responseStarted  // the final response has begun: no "100 Continue" may follow
	responseLeft     // ... and some of it has been sent
	responseChunked  // ... with Transfer-Encoding
	responseComplete // ... and was sent whole
	closesAfter      // the connection ends with this response

	ofRequest = awaitsContinue | bodyRead | responseStarted | responseLeft | responseChunked |
		responseComplete | closesAfter
)

// connState is the set of flags of one connection. Others read it while the connection is at
// work, when they look for one to evict.
type connState struct{ bits atomic.Uint32 }

// has says that any of the flags is set.
func (s *connState) has(f connFlag) bool { return s.bits.Load()&uint32(f) != 0 }
func (s *connState) set(f connFlag)      { s.bits.Or(uint32(f)) }
func (s *connState) clear(f connFlag)    { s.bits.And(^uint32(f)) }

// nextRequest replaces all flags of the request before, in one step.
func (s *connState) nextRequest(f connFlag) {
	for {
		old := s.bits.Load()
		if s.bits.CompareAndSwap(old, old&^uint32(ofRequest)|uint32(f)) {
			return
		}
	}
}

// when is f where the condition holds, else nothing.
func (f connFlag) when(condition bool) connFlag {
	if condition {
		return f
	}
	return 0
}
