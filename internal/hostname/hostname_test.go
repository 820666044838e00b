package hostname

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, c := range []struct{ in, want, err string }{
		{"hello.yesterday.localhost", "hello.yesterday.localhost", ""},
		{"Login.Yesterday.LOCALHOST:8443", "login.yesterday.localhost", ""},
		{"myapp.debug", "myapp.debug", ""},
		{"myapp", "myapp", ""},
		{"my_app.debug.", "my_app.debug", ""},
		{"", "", "1 to 253"},
		{":8443", "", "1 to 253"},
		{"a:0", "", "port"},
		{"a:65536", "", "port"},
		{"a:x", "", "port"},
		{"a..b", "", "1 to 63"},
		{long + ".org", "", "1 to 63"},
		{"-a.org", "", "begin or end"},
		{"a b.org", "", "not allowed"},
		{"a/b", "", "not allowed"},
		{"a\r\nb", "", "not allowed"},
		{"127.0.0.1:8443", "", "IP address"},
		{"[::1]:8443", "", "not allowed"},
		{"*.example.org", "", "not allowed"},
		{"127.1", "", "IP address"},
		{"2130706433", "", "IP address"},
		{"0x7f000001", "", "IP address"},
		{"a.0x", "", "IP address"},
		{"a.1b", "a.1b", ""},
		{"1.example.org", "1.example.org", ""},
		{"\u212aelvin.org", "", "not allowed"},
		{"h\u0435llo.org", "", "not allowed"},
		{"he\u202ello.org", "", "not allowed"},
		{"hello.org\x00", "", "not allowed"},
		{"a@b", "", "not allowed"},
		{"hello%2edebug", "", "not allowed"},
		{strings.Repeat("a.", 127) + "org", "", "1 to 253"},
	} {
		got, err := Parse(c.in)
		if got != c.want || (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
			t.Errorf("Parse(%q) = %q, %v; want %q, error with %q", c.in, got, err, c.want, c.err)
		}
	}
}

func TestSlug(t *testing.T) {
	for _, c := range [][3]string{
		{"hello.yesterday.localhost", "", "hello"},
		{"myapp.debug", "", "myapp-debug"},
		{"my_app.debug", "", "my-app-debug"},
		{"hello.yesterday.localhost", "/docs/v1.2", "hello-docs-v1-2"},
		{strings.Repeat("a", 39) + ".b", "", strings.Repeat("a", 39)},
	} {
		if got := Slug(c[0], "yesterday.localhost", c[1]); got != c[2] {
			t.Errorf("Slug(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a.b:1", "A_", "a:b", "::1", "a.", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := Parse(h); err != nil || again != h {
			t.Errorf("Parse(%q) = %q is not canonical: %q, %v", s, h, again, err)
		}
	})
}
