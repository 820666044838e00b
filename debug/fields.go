package debug

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// The fields of draft-ietf-httpbis-resumable-upload-12, section 4.
const (
	fieldOffset   = "Upload-Offset"
	fieldComplete = "Upload-Complete"
	fieldLength   = "Upload-Length"
	fieldLimit    = "Upload-Limit"
	fieldInterop  = "Upload-Draft-Interop-Version"
	partialUpload = "application/partial-upload"
)

// integerField reads an RFC 9651 integer; -1: absent.
func integerField(h http.Header, name string) (int64, error) {
	value, _, _ := strings.Cut(h.Get(name), ";")
	if value = strings.TrimSpace(value); value == "" {
		return -1, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 || n > 999_999_999_999_999 || value[0] == '+' {
		return -1, malformed("%s: invalid integer %q", name, value)
	}
	return n, nil
}

// booleanField reads an RFC 9651 boolean.
func booleanField(h http.Header, name string) (value, present bool, err error) {
	text, _, _ := strings.Cut(h.Get(name), ";")
	switch strings.TrimSpace(text) {
	case "":
		return false, false, nil
	case "?1":
		return true, true, nil
	case "?0":
		return false, true, nil
	}
	return false, true, malformed("%s: invalid boolean %q, must be ?1 or ?0", name, text)
}

func booleanText(b bool) string {
	if b {
		return "?1"
	}
	return "?0"
}

// digestField finds the SHA-256 in a Repr-Digest field (RFC 9530) as hex; empty: none.
func digestField(h http.Header) (string, error) {
	for member := range strings.SplitSeq(h.Get("Repr-Digest"), ",") {
		value, ok := strings.CutPrefix(strings.TrimSpace(member), "sha-256=:")
		if !ok {
			continue
		}
		value, _, closed := strings.Cut(value, ":")
		sum, err := base64.StdEncoding.DecodeString(value)
		if err != nil || !closed || len(sum) != 32 {
			return "", malformed("Repr-Digest: invalid sha-256")
		}
		return hex.EncodeToString(sum), nil
	}
	return "", nil
}
