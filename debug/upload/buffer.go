package upload

import (
	"io"
	"sync"
)

// bufferSize is a compromise between system calls and memory per transfer.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, bufferSize); return &b }}

// fill reads until p is full or r ends, and keeps r's own error: a body that is cut
// short says io.ErrUnexpectedEOF, which io.ReadFull says at every end.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}
