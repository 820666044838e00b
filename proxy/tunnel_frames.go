package proxy

import "encoding/binary"

// webSocketFrames follows the frame boundaries of a WebSocket's byte stream (RFC 6455
// section 5.2), so that a frame of our own can be put between two of them.
type webSocketFrames struct {
	head     [14]byte
	headRead int    // bytes of head
	payload  uint64 // still to come
}

// follow takes note of bytes that go by.
func (f *webSocketFrames) follow(p []byte) {
	for len(p) > 0 {
		if f.payload > 0 {
			n := min(uint64(len(p)), f.payload)
			f.payload -= n
			p = p[n:]
			continue
		}
		f.head[f.headRead] = p[0]
		f.headRead++
		p = p[1:]
		if f.headRead == f.headLength() {
			f.payload = f.payloadLength()
			f.headRead = 0
		}
	}
}

func (f *webSocketFrames) atBoundary() bool { return f.headRead == 0 && f.payload == 0 }

// headLength is known from the second byte on.
func (f *webSocketFrames) headLength() int {
	if f.headRead < 2 {
		return 2
	}
	n := 2
	switch f.head[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if f.head[1]&0x80 != 0 {
		n += 4
	}
	return n
}

func (f *webSocketFrames) payloadLength() uint64 {
	switch n := f.head[1] & 0x7f; n {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.head[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.head[2:])
	default:
		return uint64(n)
	}
}
