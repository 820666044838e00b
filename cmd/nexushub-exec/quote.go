package main

// unquote reads "=XX" as the byte XX; anything else stays as it is. What it makes of a C
// string is never longer, so it takes its place.
//
//go:nosplit
//go:norace
func unquote(s *byte) {
	to := 0
	for i := 0; *char(s, i) != 0; i++ {
		c := *char(s, i)
		if c == '=' && *char(s, i+1) != 0 {
			high, low := digit(*char(s, i+1)), digit(*char(s, i+2))
			if high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
			}
		}
		*char(s, to) = c
		to++
	}
	*char(s, to) = 0
}

// digit is the value of a hexadecimal digit, -1 for anything else.
//
//go:nosplit
//go:norace
func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c - 'A' + 10)
	case c >= 'a' && c <= 'f':
		return int(c - 'a' + 10)
	}
	return -1
}
