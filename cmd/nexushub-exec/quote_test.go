package main

import "testing"

// unquoted is unquote for a Go string.
func unquoted(s string) string {
	b := append([]byte(s), 0)
	unquote(&b[0])
	return string(b[:length(&b[0])])
}

func TestUnquote(t *testing.T) {
	for quoted, want := range map[string]string{
		"plain": "plain", "=24HOME": "$HOME", "=3D3D": "=3D", "a=": "a=", "=2": "=2", "=zz": "=zz", "": "",
		"=c3=A9": "é", "a=0": "a=0", "==": "==",
	} {
		if got := unquoted(quoted); got != want {
			t.Errorf("%q: %q, want %q", quoted, got, want)
		}
	}
}

func FuzzUnquote(f *testing.F) {
	for _, s := range []string{"", "=", "=2", "=24", "==3D", "a=ZZb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := unquoted(s); len(got) > len(s) {
			t.Errorf("%q became longer: %q", s, got)
		}
	})
}
