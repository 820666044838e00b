// Package h1 is the wire format of HTTP/1.x. Heads are parsed in place, without an
// allocation. Requests are read strictly: whatever two parsers could read differently is
// refused (RFC 9112 sections 2.2, 5.1, 6.1, 6.3, 11.2): bare LF, folded lines, white
// space before a colon, two lengths, a length beside a transfer coding, a coding
// other than chunked. A proxy that forwards only what it understood cannot be used
// to smuggle. Of responses it takes more, see ParseResponse.
package h1

// Error is a message that is refused, with the status that says so to its sender.
type Error struct {
	Status int
	Reason string
}

func (e *Error) Error() string { return e.Reason }

// What is refused. The same reasons hold for responses, where the status is the
// business of whoever asked for them.
var (
	ErrBareLF        = &Error{400, "a line ends without carriage return"}
	ErrRequestLine   = &Error{400, "malformed request line"}
	ErrMethod        = &Error{400, "malformed method"}
	ErrTarget        = &Error{400, "malformed request target"}
	ErrVersion       = &Error{505, "HTTP version is not supported on this connection"}
	ErrStatusLine    = &Error{400, "malformed status line"}
	ErrFolded        = &Error{400, "folded header line"}
	ErrFieldName     = &Error{400, "malformed header name"}
	ErrFieldValue    = &Error{400, "malformed header value"}
	ErrHost          = &Error{400, "exactly one valid Host header is needed"}
	ErrLength        = &Error{400, "malformed or repeated Content-Length"}
	ErrCodingTwice   = &Error{400, "Transfer-Encoding is there twice"}
	ErrCodingVersion = &Error{400, "HTTP/1.0 has no Transfer-Encoding"}
	ErrFraming       = &Error{400, "Content-Length and Transfer-Encoding contradict each other"}
	ErrCoding        = &Error{501, "transfer coding is not supported"}
	ErrConnection    = &Error{400, "Connection names a header that must not be removed"}
	ErrRepeated      = &Error{400, "Authorization and X-Application-Id may be there once"}
	ErrExpect        = &Error{417, "expectation is not supported"}
	ErrChunk         = &Error{400, "malformed chunk"}
	ErrTrailer       = &Error{400, "malformed or forbidden trailer"}
	ErrTooLong       = &Error{414, "request target is too long"}
	ErrTooLarge      = &Error{431, "header is too large"}
	ErrTooMany       = &Error{431, "too many header lines"}
)

// Limits bounds a head. MaxTarget is the longest request line that is still read.
type Limits struct {
	MaxBytes  int
	MaxFields int
	MaxTarget int
}

// DefaultLimits are the proxy's defaults.
var DefaultLimits = Limits{MaxBytes: 64 << 10, MaxFields: 128, MaxTarget: 16 << 10}
