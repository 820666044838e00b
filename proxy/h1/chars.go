package h1

const (
	tokenChar  = 1 << iota // RFC 9110 5.6.2
	valueChar              // field-vchar, space and tab
	targetChar             // visible ASCII without '#'
	hostChar
	hexChar
)

var class = func() (t [256]byte) {
	set := func(s string, bit byte) {
		for i := range len(s) {
			t[s[i]] |= bit
		}
	}
	const alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	set(alnum+"!#$%&'*+-.^_`|~", tokenChar)
	set(alnum+"-._~:/?[]@!$&'()*+,;=%|{}^`\"<>\\", targetChar)
	set(alnum+"-._:[]", hostChar)
	set("0123456789abcdefABCDEF", hexChar)
	for c := 0x20; c < 0x100; c++ {
		if c != 0x7f {
			t[c] |= valueChar
		}
	}
	t['\t'] |= valueChar
	return t
}()

func all(b []byte, bit byte) bool {
	for _, c := range b {
		if class[c]&bit == 0 {
			return false
		}
	}
	return true
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// decimal reads an unsigned number without sign, space or overflow.
func decimal(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
