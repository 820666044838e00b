package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
)

// strictJSON refuses fields that nobody reads, and text that would not arrive as it was
// sent: a mistake must not be silent.
type strictJSON struct{}

// Serialize writes an answer.
func (strictJSON) Serialize(c echo.Context, v any, indent string) error {
	enc := json.NewEncoder(c.Response())
	enc.SetIndent("", indent)
	return enc.Encode(v)
}

// Deserialize reads a request.
func (strictJSON) Deserialize(c echo.Context, v any) error {
	body, err := io.ReadAll(c.Request().Body)
	if err == nil {
		err = checkText(body)
	}
	if err != nil {
		return fmt.Errorf("body: %w: %w", err, api.Malformed)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("body: %w: %w", err, api.Malformed)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("body: more than one JSON value: %w", api.Malformed)
	}
	return nil
}

var errNotText = errors.New("text must be valid UTF-8; value_base64 carries any bytes of a secret")

// checkText refuses what encoding/json changes to U+FFFD without a word: bytes that are not
// UTF-8, and escaped halves of a surrogate pair.
func checkText(doc []byte) error {
	if !utf8.Valid(doc) {
		return errNotText
	}
	for rest := doc; ; {
		at := bytes.IndexByte(rest, '\\')
		if at < 0 {
			return nil
		}
		rest = rest[at:]
		length := 2
		if unit := escaped(rest); unit >= 0 {
			length = 6
			if utf16.IsSurrogate(unit) {
				length = 12
				if utf16.DecodeRune(unit, escaped(rest[6:])) == utf8.RuneError {
					return errNotText
				}
			}
		}
		rest = rest[min(length, len(rest)):]
	}
}

// escaped is the code unit of the \uXXXX at the start of s; -1: there is none.
func escaped(s []byte) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}
