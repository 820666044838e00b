package termtext

import (
	"regexp"
	"strings"
	"testing"
)

func TestColours(t *testing.T) {
	long := strings.Repeat("1;", 40) + "1mx"
	for _, c := range []struct{ name, in, coloured, plain string }{
		{"no colour", "a b", "a b", "a b"},
		{"a colour that ends", "\x1b[31mred\x1b[0m x", "\x1b[31mred\x1b[0m x", "red x"},
		{"a colour that does not", "\x1b[31mred", "\x1b[31mred\x1b[0m", "red"},
		{"ends with its line", "\x1b[1;32mone\ntwo", "\x1b[1;32mone\x1b[0m\n    two", "one\n    two"},
		{"short reset", "\x1b[1mx\x1b[m", "\x1b[1mx\x1b[m", "x"},
		{"256 colours", "\x1b[38;5;208mx", "\x1b[38;5;208mx\x1b[0m", "x"},
		{"24 bits", "\x1b[38;2;1;2;3;48;2;255;255;255mx", "\x1b[38;2;1;2;3;48;2;255;255;255mx\x1b[0m", "x"},
		{"bright", "\x1b[97;107mx", "\x1b[97;107mx\x1b[0m", "x"},
		{"conceal", "\x1b[8mx", `\x1b[8mx`, `\x1b[8mx`},
		{"conceal among colours", "\x1b[31;8mx", `\x1b[31;8mx`, `\x1b[31;8mx`},
		{"blink", "\x1b[5mx", `\x1b[5mx`, `\x1b[5mx`},
		{"font", "\x1b[11mx", `\x1b[11mx`, `\x1b[11mx`},
		{"cursor", "\x1b[2J\x1b[1;1Hx", `\x1b[2J\x1b[1;1Hx`, `\x1b[2J\x1b[1;1Hx`},
		{"title", "\x1b]0;t\x07x", `\x1b]0;t\x07x`, `\x1b]0;t\x07x`},
		{"private", "\x1b[?25mx", `\x1b[?25mx`, `\x1b[?25mx`},
		{"modifiers of xterm", "\x1b[>4;2mx", `\x1b[>4;2mx`, `\x1b[>4;2mx`},
		{"eight bits", "\u009b31mx", `\x9b31mx`, `\x9b31mx`},
		{"in halves", "\x1b[\x1b[31m31m", `\x1b[` + "\x1b[31m31m\x1b[0m", `\x1b[31m`},
		{"no end", "\x1b[31", `\x1b[31`, `\x1b[31`},
		{"long number", "\x1b[0000031mx", `\x1b[0000031mx`, `\x1b[0000031mx`},
		{"palette without its colour", "\x1b[38;5mx", `\x1b[38;5mx`, `\x1b[38;5mx`},
		{"palette beyond its end", "\x1b[38;5;256mx", `\x1b[38;5;256mx`, `\x1b[38;5;256mx`},
		{"long", "\x1b[" + long, `\x1b[` + long, `\x1b[` + long},
	} {
		if got := Coloured(c.in); got != c.coloured {
			t.Errorf("%s: Coloured = %q, want %q", c.name, got, c.coloured)
		}
		if got := Plain(c.in); got != c.plain {
			t.Errorf("%s: Plain = %q, want %q", c.name, got, c.plain)
		}
	}
}

var sequence = regexp.MustCompile("\x1b\\[[0-9;]{0,47}m")

// Whatever comes in: beside sequences of colours nothing goes out that Text would not let
// through, and no colour outlives its line.
func FuzzColours(f *testing.F) {
	for _, s := range []string{
		"\x1b[31mred\x1b[0m", "\x1b[38;2;1;2;3mx\ny", "\x1b[\x1b[31m31m", "\x1b[8m", "\x1b]0;t\x07", "\u009b31m", "\x1b[1m\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for line := range strings.SplitSeq(Coloured(s), "\n") {
			letters := sequence.ReplaceAllString(line, "")
			if Text(letters) != letters {
				t.Errorf("%q lets %q through", s, line)
			}
			all := sequence.FindAllString(line, -1)
			if n := len(all); n > 0 && all[n-1] != reset && all[n-1] != "\x1b[m" {
				t.Errorf("%q: a colour outlives %q", s, line)
			}
		}
		for line := range strings.SplitSeq(Plain(s), "\n") {
			if Text(line) != line {
				t.Errorf("%q: Plain = %q", s, line)
			}
		}
	})
}
