package debug

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// schema is as much of JSON Schema as openapi.json uses.
type schema struct {
	Ref        string `json:"$ref"`
	Type       types
	Enum       []string
	Properties map[string]*schema
	Required   []string
	Items      *schema
}

// types is one name or several.
type types []string

func (t *types) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, (*[]string)(t))
	}
	*t = types{""}
	return json.Unmarshal(data, &(*t)[0])
}

func (t types) has(name string) bool { return slices.Contains(t, name) }

type document struct {
	OpenAPI string
	Paths   map[string]map[string]json.RawMessage
	Comp    struct{ Schemas map[string]*schema } `json:"components"`
}

type operation struct {
	Responses map[string]struct {
		Content map[string]struct{ Schema *schema }
	}
}

func describedAPI(tb testing.TB) document {
	tb.Helper()
	var d document
	if err := json.Unmarshal(openAPIDocument, &d); err != nil {
		tb.Fatal(err)
	}
	return d
}

// asDescribed holds every answer that any test of this package gets against
// openapi.json: its status, its media type, and each member of its document.
func asDescribed(tb testing.TB, next http.Handler) http.Handler {
	d := describedAPI(tb)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &witness{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		if op, ok := d.operation(r); ok && seen.status < http.StatusInternalServerError {
			if err := d.check(op, seen); err != nil {
				tb.Errorf("%s %s answers what openapi.json does not describe: %d: %v\n%s", r.Method, r.URL.Path, seen.status, err, seen.body.Bytes())
			}
		}
	})
}

// witness keeps what is answered.
type witness struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *witness) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *witness) Write(b []byte) (int, error) {
	w.body.Write(b)
	return w.ResponseWriter.Write(b)
}

func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *witness) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

func (d document) operation(r *http.Request) (op operation, ok bool) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) > 3 && parts[2] == "application" {
		parts[3] = "{id}"
	}
	raw, ok := d.Paths[strings.Join(parts, "/")][strings.ToLower(r.Method)]
	return op, ok && json.Unmarshal(raw, &op) == nil
}

func (d document) check(op operation, seen *witness) error {
	response, ok := op.Responses[fmt.Sprint(seen.status)]
	if !ok {
		return fmt.Errorf("described are %v", slices.Sorted(maps.Keys(op.Responses)))
	}
	if seen.body.Len() == 0 || len(response.Content) == 0 {
		return nil
	}
	media, _, _ := strings.Cut(seen.Header().Get("Content-Type"), ";")
	content, ok := response.Content[media]
	if !ok {
		return fmt.Errorf("as %q; described are %v", media, slices.Sorted(maps.Keys(response.Content)))
	}
	if content.Schema == nil || !strings.HasSuffix(media, "json") {
		return nil
	}
	var v any
	if err := json.Unmarshal(seen.body.Bytes(), &v); err != nil {
		return err
	}
	return d.conforms(v, content.Schema, "")
}

func (d document) conforms(v any, s *schema, at string) error {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.conforms(v, d.Comp.Schemas[name], at)
	}
	switch x := v.(type) {
	case map[string]any:
		return d.objectConforms(x, s, at)
	case []any:
		for i, item := range x {
			if !s.Type.has("array") {
				break
			}
			if err := d.conforms(item, s.Items, fmt.Sprintf("%s/%d", at, i)); err != nil {
				return err
			}
		}
	case string:
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, x) {
			return fmt.Errorf("%s is %q, not one of %q", at, x, s.Enum)
		}
	}
	if got := jsonType(v); !s.Type.has(got) && !(got == "number" && s.Type.has("integer")) && len(s.Type) > 0 {
		return fmt.Errorf("%s is of type %s, not one of %q", at, got, s.Type)
	}
	return nil
}

func (d document) objectConforms(v map[string]any, s *schema, at string) error {
	if !s.Type.has("object") {
		return fmt.Errorf("%s is an object, not one of %q", at, s.Type)
	}
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s/%s is missing", at, name)
		}
	}
	for name, member := range v {
		sub, ok := s.Properties[name]
		if s.Properties == nil {
			continue // any object
		}
		if !ok {
			return fmt.Errorf("%s/%s is not described", at, name)
		}
		if err := d.conforms(member, sub, at+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

func jsonType(v any) string {
	switch v.(type) {
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case nil:
		return "null"
	}
	return "number"
}
