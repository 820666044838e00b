package termtext

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

// bad is one of each kind.
var bad = []string{
	"\x00", "\x1b", "\n", "\r", "\x7f", "\u0085", "\u009b", "\u061c", "\u200b", "\u200e", "\u202e", "\u2028", "\u2029", "\u2060", "\u2066", "\ufeff", "\ufff9", "\U000e0041", "\ufffe",
}

func TestName(t *testing.T) {
	for _, s := range append(bad, "\xff", "\u200d", "\u00a0", "\u3000", "\u115f", "\u3164", "\ufe0f", "\u2800", "\ufffd",
		"\t", "\ufe0f\u200d") {
		if err := CheckName("a" + s + "b"); err == nil {
			t.Errorf("%q is accepted in a name", s)
		}
	}
	for _, s := range []string{"", "shop", "My shop", "Müller & Söhne", "店", "متجر", "🛒", "❤️", "👩‍🚀", "🏳️‍🌈",
		"a'b\"c<d>"} {
		if err := CheckName(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestText(t *testing.T) {
	for _, s := range bad {
		if got := Text("a" + s + "b"); strings.Contains(got, s) && s != "\n" {
			t.Errorf("Text leaves %q", s)
		}
	}
	for in, want := range map[string]string{
		"a\tb": "a\tb", "a\nb": "a\n    b", "\x1b[31mred": `\x1b[31mred`, "\u202eevil": `\u202eevil`, "\U000e0041": `\U000e0041`, "👨\u200d👩": "👨\u200d👩", "": "",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range bad {
		f.Add("a" + s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		doc, err := json.MarshalIndent(map[string]string{s: s}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got := JSON(doc)
		bad := func(r rune) bool {
			return r != '\n' && r != '\t' && (unsafe(r) || unicode.Is(unicode.Bidi_Control, r))
		}
		if i := strings.IndexFunc(string(got), bad); i >= 0 {
			t.Errorf("%q has an unsafe character at %d", got, i)
		}
		var was, is map[string]string
		if err := json.Unmarshal(doc, &was); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &is); err != nil {
			t.Fatalf("%v in %q", err, got)
		}
		for k, v := range was {
			if is[k] != v {
				t.Errorf("%q says %q, said %q", got, is[k], v)
			}
		}
	})
}
