package h1

import "bytes"

// Field is one header line; both slices point into the parsed buffer.
type Field struct {
	Name  []byte
	Value []byte
	ID    Name
	Hop   bool // named by Connection: goes no further
}

// Head is a parsed request or response head. It is reused between messages and
// valid as long as the buffer that it was parsed from.
type Head struct {
	Method []byte // request
	Target []byte // request; origin form, or absolute form with Authority set
	Status int    // response
	Reason []byte // response
	Minor  int    // HTTP/1.Minor

	Host      []byte // value of Host
	Authority []byte // of an absolute-form target
	Fields    []Field

	Length   int64  // Content-Length, -1 when absent
	Chunked  bool   // Transfer-Encoding: chunked
	Close    bool   // the sender ends the connection after this message
	Upgrade  []byte // protocol asked for, when Connection says upgrade and it may be switched to
	Continue bool   // Expect: 100-continue
	Trailers bool   // TE: trailers

	hasConnection bool
	keepAlive     bool
	upgrade       bool
}

// Get returns the value of the first field with the given name, nil when absent.
func (h *Head) Get(id Name) []byte {
	for i := range h.Fields {
		if h.Fields[i].ID == id {
			return h.Fields[i].Value
		}
	}
	return nil
}

func (h *Head) reset() {
	fields := h.Fields[:0]
	*h = Head{Fields: fields, Length: -1}
}

// End finds the end of a head: the offset after its empty line, or 0 when it is not
// complete. from is what an earlier call returned as seen, so that a head that
// arrives byte by byte is not scanned again and again.
func End(buf []byte, from int) (end, seen int, err error) {
	for {
		i := bytes.IndexByte(buf[from:], '\n')
		if i < 0 {
			return 0, from, nil
		}
		lf := from + i
		if lf == 0 || buf[lf-1] != '\r' {
			return 0, from, ErrBareLF
		}
		if lf >= 3 && buf[lf-2] == '\n' {
			return lf + 1, lf + 1, nil
		}
		from = lf + 1
	}
}

func line(b []byte) (text, rest []byte, err error) {
	i := bytes.IndexByte(b, '\n')
	if i < 1 || b[i-1] != '\r' {
		return nil, nil, ErrBareLF
	}
	return b[:i-1], b[i+1:], nil
}

// fields parses header lines up to the empty one.
func (h *Head) fields(b []byte, max int) error {
	for {
		text, rest, err := line(b)
		if err != nil {
			return err
		}
		if len(text) == 0 {
			return nil
		}
		if len(h.Fields) == max {
			return ErrTooMany
		}
		if err := h.field(text); err != nil {
			return err
		}
		b = rest
	}
}

func (h *Head) field(text []byte) error {
	if text[0] == ' ' || text[0] == '\t' {
		return ErrFolded
	}
	colon := bytes.IndexByte(text, ':')
	if colon < 1 || !all(text[:colon], tokenChar) {
		return ErrFieldName
	}
	value := trim(text[colon+1:])
	if !all(value, valueChar) {
		return ErrFieldValue
	}
	f := Field{Name: text[:colon], Value: value, ID: NameOf(text[:colon])}
	if f.ID.framing() {
		if bytes.IndexByte(f.Name, '_') >= 0 {
			return ErrFieldName
		}
		if err := h.frame(f); err != nil {
			return err
		}
	} else if f.ID == TE && EqualFold(value, "trailers") {
		h.Trailers = true
	}
	h.Fields = append(h.Fields, f)
	return nil
}

// frame takes in the fields that decide where the message ends.
func (h *Head) frame(f Field) error {
	switch f.ID {
	case Host:
		if h.Host != nil || len(f.Value) == 0 || !all(f.Value, hostChar) {
			return ErrHost
		}
		h.Host = f.Value
	case ContentLength:
		n, ok := decimal(f.Value)
		if !ok || h.Length >= 0 {
			return ErrLength
		}
		h.Length = n
	case TransferEncoding:
		return h.coding(f.Value)
	case Connection:
		if !h.connection(f.Value) {
			return ErrConnection
		}
	case Expect:
		if !EqualFold(f.Value, "100-continue") {
			return ErrExpect
		}
		h.Continue = true
	case Upgrade:
		h.Upgrade = f.Value
	}
	return nil
}

func (h *Head) coding(value []byte) error {
	if h.Chunked {
		return ErrCodingTwice
	}
	if !EqualFold(value, "chunked") {
		return ErrCoding
	}
	h.Chunked = true
	return nil
}

// connection takes in the options of Connection. It reports false when one of them names a
// field that must not be removed.
func (h *Head) connection(value []byte) (ok bool) {
	ok = true
	for len(value) > 0 {
		var option []byte
		option, value, _ = bytes.Cut(value, []byte{','})
		option = trim(option)
		switch {
		case EqualFold(option, "close"):
			h.Close = true
		case EqualFold(option, "keep-alive"):
			h.keepAlive = true
		case EqualFold(option, "upgrade"):
			h.upgrade = true
		case len(option) > 0:
			switch NameOf(option) {
			case Host, ContentLength, TransferEncoding, Authorization, Cookie, Expect, XApplicationID:
				ok = false
			}
			h.hasConnection = true
		}
	}
	return ok
}

// settle checks what only the whole head can tell.
func (h *Head) settle() error {
	if h.Chunked && (h.Length >= 0 || h.Minor == 0) {
		return ErrFraming
	}
	if h.Minor == 0 && !h.keepAlive {
		h.Close = true
	}
	if !h.upgrade || h.Minor == 0 || h.Chunked || h.Length > 0 || !tunnels(h.Upgrade) {
		h.Upgrade = nil // as if nobody had asked, RFC 9110 section 7.8
	}
	if h.hasConnection {
		h.markNamed()
	}
	return nil
}

// tunnels says whether a connection may switch to the protocol. Another HTTP, or TLS
// around it, would carry requests past every rule ("h2c smuggling"); of a list nobody
// knows what the target would choose.
func tunnels(protocol []byte) bool {
	name, version, _ := bytes.Cut(protocol, []byte{'/'})
	switch {
	case EqualFold(name, "h2c"), EqualFold(name, "h2"), EqualFold(name, "http"), EqualFold(name, "tls"):
		return false
	}
	return len(name) > 0 && all(name, tokenChar) && all(version, tokenChar)
}

// once refuses a second line of what says who asks and whom: two readers could each
// take another one.
func (h *Head) once() error {
	var who, whom int
	for i := range h.Fields {
		switch f := &h.Fields[i]; f.ID {
		case Authorization:
			who++
		case XApplicationID:
			whom++
			if bytes.IndexByte(f.Name, '_') >= 0 {
				return ErrFieldName
			}
		}
	}
	if who > 1 || whom > 1 {
		return ErrRepeated
	}
	return nil
}

func (h *Head) markNamed() {
	for i := range h.Fields {
		if h.Fields[i].ID != Connection {
			continue
		}
		value := h.Fields[i].Value
		for len(value) > 0 {
			var option []byte
			option, value, _ = bytes.Cut(value, []byte{','})
			h.markHop(trim(option))
		}
	}
}

func (h *Head) markHop(name []byte) {
	for i := range h.Fields {
		if bytes.EqualFold(h.Fields[i].Name, name) {
			h.Fields[i].Hop = true
		}
	}
}
