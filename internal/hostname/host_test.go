package hostname

import (
	"strings"
	"testing"
)

func TestParseHost(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		{"shop.example.org", "shop.example.org", ""},
		{"Shop.Example.org.:8443", "shop.example.org", ""},
		{"shop.example.org/", "shop.example.org", ""},
		{"*.shop.example.org", "*.shop.example.org", ""},
		{"*.bücher.example", "*.xn--bcher-kva.example", ""},
		{"example.org:8443/docs", "example.org/docs", ""},
		{"example.org/docs/v1.2_~-3/", "example.org/docs/v1.2_~-3", ""},
		{"*.example.org/docs", "*.example.org/docs", ""},
		{"", "", "1 to 253"},
		{"/docs", "", "1 to 253"},
		{"https://example.org/docs", "", "without https://"},
		{"*.org", "", "two more parts"},
		{"*", "", "not allowed"},
		{"a.*.org", "", "not allowed"},
		{"*.*.example.org", "", "not allowed"},
		{"*shop.example.org", "", "not allowed"},
		{"*.127.0.0.1", "", "IP address"},
		{"example.org//docs", "", "empty part"},
		{"example.org/docs//x", "", "empty part"},
		{"example.org/docs//", "", "empty part"},
		{"example.org/..", "", "dot"},
		{"example.org/.well-known", "", "dot"},
		{"example.org/docs.", "", "dot"},
		{"example.org/Docs", "", "alone"},
		{"example.org/d%6fcs", "", "alone"},
		{"example.org/docs;x", "", "alone"},
		{"example.org/docs?x", "", "alone"},
		{"example.org/b\u00fccher", "", "alone"},
		{"example.org/" + strings.Repeat("a", 201), "", "longer than 200"},
	} {
		got, err := ParseHost(c.in)
		if got.String() != c.want || (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
			t.Errorf("ParseHost(%q) = %q, %v; want %q, error with %q", c.in, got, err, c.want, c.err)
		}
	}
}

func FuzzParseHost(f *testing.F) {
	for _, s := range []string{"a.b:1/c", "*.a.b", "*.bücher.example/x/", "a/..", "a//", "*.*", "https://a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHost(s)
		if err != nil {
			return
		}
		if again, err := ParseHost(h.String()); err != nil || again != h {
			t.Errorf("ParseHost(%q) = %q is not canonical: %q, %v", s, h, again, err)
		}
		if strings.HasSuffix(h.Prefix, "/") || strings.Contains(h.Prefix, "//") || strings.Contains(h.Prefix, "/.") {
			t.Errorf("ParseHost(%q) has the prefix %q", s, h.Prefix)
		}
	})
}
