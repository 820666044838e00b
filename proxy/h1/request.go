package h1

import "bytes"

// ParseRequest parses a whole request head as End delimited it.
func (h *Head) ParseRequest(b []byte, lim Limits) error {
	h.reset()
	text, rest, err := line(b)
	if err != nil {
		return err
	}
	if err := h.requestLine(text, lim); err != nil {
		return err
	}
	if err := h.fields(rest, lim.MaxFields); err != nil {
		return err
	}
	if h.Host == nil && h.Minor == 1 {
		return ErrHost
	}
	if h.Authority != nil && h.Host != nil && !bytes.EqualFold(h.Authority, h.Host) {
		return ErrHost
	}
	if err := h.once(); err != nil {
		return err
	}
	return h.settle()
}

func (h *Head) requestLine(text []byte, lim Limits) error {
	method, rest, ok := bytes.Cut(text, []byte{' '})
	target, version, ok2 := bytes.Cut(rest, []byte{' '})
	if !ok || !ok2 {
		return ErrRequestLine
	}
	if !ValidMethod(method) {
		return ErrMethod
	}
	if err := h.version(version); err != nil {
		return err
	}
	if len(target) > lim.MaxTarget {
		return ErrTooLong
	}
	h.Method = method
	return h.target(target)
}

func (h *Head) version(v []byte) error {
	if len(v) != 8 || string(v[:5]) != "HTTP/" || v[6] != '.' || !digit(v[5]) || !digit(v[7]) {
		return ErrRequestLine
	}
	if v[5] != '1' || v[7] > '1' {
		return ErrVersion
	}
	h.Minor = int(v[7] - '0')
	return nil
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (h *Head) target(t []byte) error {
	if len(t) == 0 || !all(t, targetChar) {
		return ErrTarget
	}
	if t[0] != '/' {
		var ok bool
		if t, ok = h.absolute(t); !ok {
			return ErrTarget
		}
	}
	h.Target = t
	return nil
}

// absolute takes the authority off an absolute-form target.
func (h *Head) absolute(t []byte) (path []byte, ok bool) {
	i := bytes.Index(t, []byte("://"))
	if i < 0 || !(EqualFold(t[:i], "https") || EqualFold(t[:i], "http")) {
		return nil, false
	}
	rest := t[i+3:]
	end := bytes.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	if end == 0 || !all(rest[:end], hostChar) {
		return nil, false
	}
	h.Authority = rest[:end]
	if path = rest[end:]; len(path) == 0 {
		return []byte{'/'}, true
	}
	return path, path[0] == '/'
}

const maxMethod = 32

// ValidMethod says whether a method may be written into a request line. CONNECT asks for a
// tunnel, in whatever form its target is; nothing here is a way to somewhere else.
func ValidMethod[T []byte | string](m T) bool {
	if EqualFold([]byte(m), "connect") {
		return false
	}
	for i := range len(m) {
		if class[m[i]]&tokenChar == 0 {
			return false
		}
	}
	return len(m) > 0 && len(m) <= maxMethod
}

// ValidHost says whether an authority that came by another protocol may be written into a
// Host line.
func ValidHost(h string) bool {
	for i := range len(h) {
		if class[h[i]]&hostChar == 0 {
			return false
		}
	}
	return h != ""
}

// ValidLength says whether the values of Content-Length, which came by another protocol,
// are one plain number, and that one.
func ValidLength(values []string, want int64) bool {
	if len(values) == 0 {
		return true
	}
	n, ok := decimal([]byte(values[0]))
	return ok && len(values) == 1 && n == want
}

// ValidTarget says whether an origin-form target that came by another protocol may
// be written into an HTTP/1.1 request line.
func ValidTarget(t string) bool {
	if t == "" || t[0] != '/' {
		return false
	}
	for i := range len(t) {
		if class[t[i]]&targetChar == 0 {
			return false
		}
	}
	return true
}
