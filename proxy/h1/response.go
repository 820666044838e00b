package h1

import "bytes"

// Responses are read as browsers and other proxies read them. Nobody can smuggle with one:
// it comes from the application that was asked, and what is sent on is written anew. So what
// has one reading alone is mended: lines that end with LF, folded lines, white space before a
// colon or after a chunk size, a length that is said twice, a control character in a value. A
// line whose name is no name is left out, as no client could use it. What two readers take for
// different messages is refused as in requests. Where much was mended, the connection carries
// no further message.

// maxResponseFields bounds the lines of a response head, beside its bytes. Session stores are
// known to set a cookie for each of their items.
const maxResponseFields = 1000

// ParseResponse parses a whole response head as a Reader of responses delimited it. It mends
// b in place.
func (h *Head) ParseResponse(b []byte) error {
	h.reset()
	text, rest, plain := looseLine(b)
	if err := h.statusLine(text); err != nil {
		return err
	}
	loose, err := h.looseFields(rest, maxResponseFields)
	if err != nil {
		return err
	}
	for i := range h.Fields {
		mended, err := h.looseFrame(h.Fields[i])
		if err != nil {
			return err
		}
		loose = loose || mended
	}
	if h.Chunked && h.Minor == 0 {
		return ErrCodingVersion // some read the framing, some show it as content
	}
	if err := h.settle(); err != nil {
		return err
	}
	h.Close = h.Close || loose || !plain
	return nil
}

// looseEnd is End of a head whose lines may end with LF alone.
func looseEnd(buf []byte, from int) (end, seen int) {
	for {
		i := bytes.IndexByte(buf[from:], '\n')
		if i < 0 {
			return 0, from
		}
		lf := from + i
		if from > 0 && (i == 0 || i == 1 && buf[from] == '\r') {
			return lf + 1, lf + 1
		}
		from = lf + 1
	}
}

// looseLine takes a line that ends with CRLF or, which is not plain, with LF.
func looseLine(b []byte) (text, rest []byte, plain bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil, false
	}
	if i > 0 && b[i-1] == '\r' {
		return b[:i-1], b[i+1:], true
	}
	return b[:i], b[i+1:], false
}

// looseFields parses header lines up to the empty one, without what they mean for the
// framing. It reports whether something was mended.
func (h *Head) looseFields(b []byte, most int) (loose bool, err error) {
	for {
		if unfold(b) {
			loose = true
		}
		text, rest, plain := looseLine(b)
		loose = loose || !plain
		if len(text) == 0 {
			return loose, nil
		}
		if len(h.Fields) == most {
			return loose, ErrTooMany
		}
		mended, err := h.looseField(text)
		if err != nil {
			return loose, err
		}
		loose, b = loose || mended, rest
	}
}

// unfold joins the first line with those that continue it, by blanks in place of line ends
// (RFC 9112 section 5.2).
func unfold(b []byte) (folded bool) {
	for from := 0; ; {
		i := from + bytes.IndexByte(b[from:], '\n')
		if i < from || i+1 == len(b) || (b[i+1] != ' ' && b[i+1] != '\t') || isEmptyLine(b[:i]) {
			return folded
		}
		b[i] = ' '
		if i > 0 && b[i-1] == '\r' {
			b[i-1] = ' '
		}
		from, folded = i+1, true
	}
}

func isEmptyLine(b []byte) bool { return len(b) == 0 || len(b) == 1 && b[0] == '\r' }

func (h *Head) looseField(text []byte) (loose bool, err error) {
	colon := bytes.IndexByte(text, ':')
	if colon < 0 || text[0] == ' ' || text[0] == '\t' {
		return true, ErrFieldName // more likely content than a header line
	}
	value := trim(text[colon+1:])
	mended, ok := mendValue(value)
	if !ok {
		return true, ErrFieldValue
	}
	name := trim(text[:colon])
	f := Field{Name: name, Value: value, ID: NameOf(name)}
	if len(name) == 0 || !all(name, tokenChar) || (f.ID.framing() && bytes.IndexByte(name, '_') >= 0) {
		return true, nil // left out
	}
	h.Fields = append(h.Fields, f)
	return mended || len(name) < colon, nil
}

// mendValue puts blanks in place of control characters. NUL and CR are not mended: to some
// readers a text ends there.
func mendValue(value []byte) (mended, ok bool) {
	for i, c := range value {
		switch {
		case class[c]&valueChar != 0:
		case c == 0 || c == '\r':
			return mended, false
		default:
			value[i], mended = ' ', true
		}
	}
	return mended, true
}

// looseFrame takes in the fields that decide where a response ends. The others that decide it
// for a request mean nothing here.
func (h *Head) looseFrame(f Field) (loose bool, err error) {
	switch f.ID {
	case ContentLength:
		return h.looseLength(f.Value)
	case TransferEncoding:
		return false, h.coding(f.Value)
	case Connection:
		h.connection(f.Value)
	case Upgrade:
		h.Upgrade = f.Value
	}
	return false, nil
}

// looseLength takes a length that is said several times, if it is the same one (RFC 9110
// section 8.6).
func (h *Head) looseLength(value []byte) (loose bool, err error) {
	for again := false; ; again = true {
		one, rest, more := bytes.Cut(value, []byte{','})
		n, ok := decimal(trim(one))
		if !ok || (h.Length >= 0 && h.Length != n) {
			return loose, ErrLength
		}
		loose = loose || again || h.Length >= 0
		h.Length = n
		if !more {
			return loose, nil
		}
		value = rest
	}
}

// statusLine reads a status of three digits, whatever it means, and a reason if there is one.
func (h *Head) statusLine(t []byte) error {
	const version = len("HTTP/1.1")
	if len(t) < version || string(t[:7]) != "HTTP/1." || !digit(t[7]) {
		return ErrStatusLine
	}
	h.Minor = min(int(t[7]-'0'), 1) // a later one is read as the one that is known, RFC 9110 section 2.5
	code := bytes.TrimLeft(t[version:], " ")
	if len(code) < 3 || len(code) == len(t)-version || (len(code) > 3 && code[3] != ' ') {
		return ErrStatusLine
	}
	n, ok := decimal(code[:3])
	if !ok || n < 100 {
		return ErrStatusLine
	}
	h.Status = int(n)
	h.Reason = trim(code[3:])
	if _, ok := mendValue(h.Reason); !ok {
		return ErrStatusLine
	}
	return nil
}

// BodyOf returns the body that follows a response to the given method.
func (h *Head) BodyOf(method string) Body {
	if h.Contentless(method) {
		return Body{}
	}
	if !h.Chunked && h.Length < 0 {
		return UntilClose()
	}
	return h.Body()
}

// Contentless says that no content follows the head, whatever its fields say. Of 205 that
// is a demand on its sender (RFC 9110 section 15.3.6) that clients rely on.
func (h *Head) Contentless(method string) bool {
	return method == "HEAD" || h.Status < 200 || h.Status == 204 || h.Status == 205 || h.Status == 304
}
