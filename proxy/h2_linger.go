package proxy

import (
	"encoding/binary"
	"maps"
	"sync"
	"sync/atomic"

	"golang.org/x/net/http2"
)

// x/net ends a stream that was answered before its client had sent everything with a reset at
// once. RFC 9113 section 8.1 allows that; clients that send first and read later fail
// with it. So the client gets a WINDOW_UPDATE in its place and may go on sending, for as long as
// a connection of HTTP/1.1 lingers. x/net, for which the stream is over, throws away what
// comes, gives back the connection's window and resets the stream once more, which becomes the
// next WINDOW_UPDATE. It takes no trailers there, but ends the connection: where a client has
// announced some, streams are reset at once.

const (
	// connStreams of one connection are in progress, and as many linger.
	connStreams = 128
	// lingerWindow is a stream's window at first: the client may have used all of it up.
	lingerWindow = 1 << 20
)

// h2Lingering are the streams of one connection that linger.
type h2Lingering struct {
	clock *atomic.Uint64
	never atomic.Bool // none lingers from now on

	mu      sync.Mutex // guards the fields that follow; no call to the network is made with it
	streams map[uint32]*lingeringStream
	ended   uint32 // stream whose end the client has sent last
}

type lingeringStream struct {
	since uint64 // tick of clock
	heard uint64 // tick of the last DATA
	owed  uint32 // bytes that its window has not been opened for
	ended bool   // by the client
}

// heard takes note of a frame of the client.
func (l *h2Lingering) heard(h frameHead) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.endsStream() {
		l.ended = h.stream()
	}
	s := l.streams[h.stream()]
	if s == nil {
		return
	}
	switch h.kind() {
	case http2.FrameRSTStream:
		delete(l.streams, h.stream())
	case http2.FrameData:
		s.heard, s.ended = l.clock.Load(), h.endsStream()
		s.owed += uint32(h.length())
	}
}

// insteadOfReset is by how much a stream's window is opened instead of resetting it, 0 when it
// is reset.
func (l *h2Lingering) insteadOfReset(stream uint32, code http2.ErrCode) (window uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch s := l.streams[stream]; {
	case s == nil && code == http2.ErrCodeNo && stream != l.ended && !l.never.Load() && l.hasRoom():
		now := l.clock.Load()
		l.streams[stream] = &lingeringStream{since: now, heard: now}
		return lingerWindow
	case s != nil && code == http2.ErrCodeStreamClosed:
		window, s.owed = max(1, s.owed), 0 // of no use, but harmless, where the client has ended it
		return window
	}
	delete(l.streams, stream)
	return 0
}

// hasRoom makes room where it can: streams that have ended are kept for x/net's last resets.
func (l *h2Lingering) hasRoom() bool {
	if l.streams == nil {
		l.streams = map[uint32]*lingeringStream{}
	}
	if len(l.streams) >= connStreams {
		maps.DeleteFunc(l.streams, func(_ uint32, s *lingeringStream) bool { return s.ended })
	}
	return len(l.streams) < connStreams
}

// over returns, once, the streams that have had their time and are to be reset.
func (l *h2Lingering) over() (streams []uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, s := range l.streams {
		silent, age := sinceTick(l.clock, s.heard), sinceTick(l.clock, s.since)
		if silent > lingerSilence || age > lingerTime {
			delete(l.streams, id)
			if !s.ended {
				streams = append(streams, id)
			}
		}
	}
	return streams
}

// any says that a stream lingers.
func (l *h2Lingering) any() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if !s.ended {
			return true
		}
	}
	return false
}

func appendWindowUpdate(dst []byte, stream, window uint32) []byte {
	return appendFrame(dst, http2.FrameWindowUpdate, stream, window)
}

func appendReset(dst []byte, stream uint32, code http2.ErrCode) []byte {
	return appendFrame(dst, http2.FrameRSTStream, stream, uint32(code))
}

// appendFrame is for those that hold one number.
func appendFrame(dst []byte, kind http2.FrameType, stream, number uint32) []byte {
	dst = append(dst, 0, 0, 4, byte(kind), 0)
	dst = binary.BigEndian.AppendUint32(dst, stream)
	return binary.BigEndian.AppendUint32(dst, number)
}
