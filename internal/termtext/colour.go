package termtext

import (
	"strings"
	"unicode/utf8"
)

// Coloured is Text for a terminal that shows colours: sequences that set the colour or weight of
// letters pass, and end with the line. No other sequence does.
func Coloured(s string) string { return colours(s, true) }

// Plain is Text without the sequences that Coloured lets pass, for where no colours are wanted.
func Plain(s string) string { return colours(s, false) }

const reset = "\x1b[0m"

func colours(s string, keep bool) string {
	if !strings.Contains(s, intro) {
		return Text(s)
	}
	var b strings.Builder
	set := false // a colour that has to end with the line
	end := func() {
		if set {
			b.WriteString(reset)
		}
		set = false
	}
	for s != "" {
		if n := colourLength(s); n > 0 {
			if keep {
				b.WriteString(s[:n])
				set = s[:n] != reset && s[:n] != intro+"m"
			}
			s = s[n:]
			continue
		}
		_, n := utf8.DecodeRuneInString(s)
		if s[:n] == "\n" {
			end()
		}
		b.WriteString(Text(s[:n]))
		s = s[n:]
	}
	end()
	return b.String()
}

const (
	// intro begins a control sequence, and final ends one that sets how letters look: SGR in
	// ECMA-48.
	intro = "\x1b["
	final = 'm'
	// maxColour bounds such a sequence; the longest in use sets both colours as 24 bits.
	maxColour = 48
)

// colourLength is how many bytes at the beginning of s are one sequence that sets colours; 0:
// something else.
func colourLength(s string) int {
	rest, found := strings.CutPrefix(s, intro)
	if !found {
		return 0
	}
	var codes []int
	code, digits := 0, 0
	for i := 0; i < len(rest) && i < maxColour; i++ {
		switch c := rest[i]; {
		case c >= '0' && c <= '9' && digits < 3:
			code, digits = 10*code+int(c-'0'), digits+1
		case c == ';':
			codes, code, digits = append(codes, code), 0, 0
		case c == final && areColours(append(codes, code)):
			return len(intro) + i + 1
		default:
			return 0
		}
	}
	return 0
}

// areColours says whether every code is known to change nothing but how visible letters look.
// Text that is concealed or blinks stays out.
func areColours(codes []int) bool {
	for len(codes) > 0 {
		n := 1
		switch c := codes[0]; {
		case c == 38 || c == 48:
			if n = paletteLength(codes); n == 0 {
				return false
			}
		case c > 107, !plainCode[c]:
			return false
		}
		codes = codes[n:]
	}
	return true
}

// paletteLength is how many codes at the beginning name a colour of the 256, or one of 24 bits.
func paletteLength(codes []int) int {
	n := 0
	switch {
	case len(codes) >= 3 && codes[1] == 5:
		n = 3
	case len(codes) >= 5 && codes[1] == 2:
		n = 5
	}
	for _, part := range codes[:n] {
		if part > 255 {
			return 0
		}
	}
	return n
}

// plainCode are the codes that stand alone: weights and styles, what ends them, and the colours.
var plainCode = func() (ok [108]bool) {
	for _, span := range [][2]int{
		{0, 4}, {7, 7}, {9, 9}, {21, 24}, {27, 27}, {29, 37}, {39, 47}, {49, 49}, {90, 97}, {100, 107},
	} {
		for c := span[0]; c <= span[1]; c++ {
			ok[c] = true
		}
	}
	return ok
}()
