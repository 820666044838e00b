package control

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
)

// strictJSON refuses fields that nobody reads: a typing mistake must not be silent.
type strictJSON struct{}

// Serialize writes an answer.
func (strictJSON) Serialize(c echo.Context, v any, indent string) error {
	enc := json.NewEncoder(c.Response())
	enc.SetIndent("", indent)
	return enc.Encode(v)
}

// Deserialize reads a request.
func (strictJSON) Deserialize(c echo.Context, v any) error {
	dec := json.NewDecoder(c.Request().Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("body: %w: %w", err, api.Malformed)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("body: more than one JSON value: %w", api.Malformed)
	}
	return nil
}
