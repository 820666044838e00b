package h1

import "sync"

// Two sizes of buffer: small ones hold heads, large ones carry bodies; a large one
// holds one full TLS record.
const (
	Small = 4 << 10
	Large = 16 << 10
)

var (
	small = sync.Pool{New: func() any { return new([Small]byte) }}
	large = sync.Pool{New: func() any { return new([Large]byte) }}
)

// Get returns a buffer of the given size (Small or Large) and full length.
func Get(size int) []byte {
	if size <= Small {
		return small.Get().(*[Small]byte)[:]
	}
	return large.Get().(*[Large]byte)[:]
}

// Put gives a buffer back. Buffers that have grown are left to the collector.
func Put(b []byte) {
	switch cap(b) {
	case Small:
		small.Put((*[Small]byte)(b[:Small]))
	case Large:
		large.Put((*[Large]byte)(b[:Large]))
	}
}
