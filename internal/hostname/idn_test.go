package hostname

import (
	"strings"
	"testing"
)

// What people write, and what DNS has for it.
func TestParseName(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		{"shop.example", "shop.example", ""},
		{"Shop.Example:8443", "shop.example", ""},
		{"bücher.example", "xn--bcher-kva.example", ""},
		{"BÜCHER.Example.:8443", "xn--bcher-kva.example", ""},
		{"bu\u0308cher.example", "xn--bcher-kva.example", ""}, // a letter and its accent, as macOS writes them
		{"xn--bcher-kva.example", "xn--bcher-kva.example", ""},
		{"XN--BCHER-KVA.example", "xn--bcher-kva.example", ""},
		{"my_app.bücher.example", "my_app.xn--bcher-kva.example", ""},
		{"ab--cd.bücher.example", "ab--cd.xn--bcher-kva.example", ""},
		{"straße.de", "xn--strae-oqa.de", ""},
		{"日本語。jp", "xn--wgv71a119e.jp", ""},
		{"東京カメラ.example", "xn--lckxfya7851a34z.example", ""},
		{"президент.рф", "xn--d1abbgf6aiiy.xn--p1ai", ""},
		{"ｆｏｏ.example", "foo.example", ""},
		{"\u212aelvin.org", "kelvin.org", ""},
		{"xn--pypal-4ve.com", "xn--pypal-4ve.com", ""}, // in ASCII it passes for nothing
		{"pаypal.com", "", "mixes"},                    // Cyrillic а
		{"аррӏе.com", "", "all pass for Latin"},
		{"ορτ.com", "", "all pass for Latin"},
		{"h\u0435llo.org", "", "mixes"},
		{"he\u202ello.org", "", "not valid in an international name"},
		{"a\u200db.org", "", "not valid in an international name"},
		{"xn--a.example", "", "not valid in an international name"},
		{"xn--.example", "", "not valid in an international name"},
		{"xn--abc-.example", "", "not valid in an international name"},
		{"-ü.de", "", "not valid in an international name"},
		{"ü b.de", "", "not valid in an international name"},
		{"ü/x.de", "", "not valid in an international name"},
		{"*.bücher.de", "", "'*' is not allowed"},
		{"bücher..de", "", "1 to 63"},
		{"bücher.example:99999", "", "port"},
		{"①.②", "", "IP address"},
		{"ü" + strings.Repeat("a", 63) + ".de", "", "1 to 63"},
		{"\xff.de", "", "not valid in an international name"},
		{"", "", "1 to 253"},
	} {
		got, err := ParseName(c.in)
		if got != c.want || (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
			t.Errorf("ParseName(%q) = %q, %v; want %q, error with %q", c.in, got, err, c.want, c.err)
		}
	}
}

// Where only ASCII is taken, the refusal names what to write, unless nobody should.
func TestRefusalNamesTheASCIIForm(t *testing.T) {
	for in, want := range map[string]string{
		"bücher.example":      `host name "bücher.example": character 'ü' is not allowed; write xn--bcher-kva.example`,
		"bücher.example:8443": `host name "bücher.example:8443": character 'ü' is not allowed; write xn--bcher-kva.example`,
		"pаypal.com":          `host name "pаypal.com": character 'а' is not allowed, part "pаypal" mixes Latin and Cyrillic letters, which pass for others`,
		"a b.example":         `host name "a b.example": character ' ' is not allowed`,
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("Parse(%q): %v\nwant %s", in, err, want)
		}
	}
}

func TestCheckLetters(t *testing.T) {
	for host, ok := range map[string]bool{
		"shop.example": true, "xn--bcher-kva.example": true, "xn--wgv71a119e.jp": true,
		"xn--pypal-4ve.com": false, "xn--80ak6aa92e.com": false, "xn--a.example": false, "shop.xn--80ak6aa92e": false,
	} {
		if err := CheckLetters(host); (err == nil) != ok {
			t.Errorf("CheckLetters(%q): %v", host, err)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"bücher.example:1", "xn--bcher-kva", "日本語。jp", "pаypal", "①", "\xff", "ü:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseName(s)
		if err != nil {
			return
		}
		if again, err := Parse(h); err != nil || again != h {
			t.Errorf("ParseName(%q) = %q is not canonical: %q, %v", s, h, again, err)
		}
		if again, err := ParseName(h); err != nil || again != h {
			t.Errorf("ParseName(%q) = %q is not accepted again: %q, %v", s, h, again, err)
		}
	})
}
