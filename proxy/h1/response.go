package h1

// ParseResponse parses a whole response head as End delimited it.
func (h *Head) ParseResponse(b []byte, lim Limits) error {
	h.reset()
	text, rest, err := line(b)
	if err != nil {
		return err
	}
	if err := h.statusLine(text); err != nil {
		return err
	}
	if err := h.fields(rest, lim.MaxFields); err != nil {
		return err
	}
	return h.settle()
}

func (h *Head) statusLine(t []byte) error {
	if len(t) < 12 || t[8] != ' ' || (len(t) > 12 && t[12] != ' ') {
		return ErrStatusLine
	}
	if err := h.version(t[:8]); err != nil {
		return ErrStatusLine
	}
	n, ok := decimal(t[9:12])
	if !ok || n < 100 || n > 599 {
		return ErrStatusLine
	}
	h.Status = int(n)
	if len(t) > 13 {
		h.Reason = t[13:]
	}
	if !all(h.Reason, valueChar) {
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
