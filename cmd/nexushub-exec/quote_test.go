package main

import (
	"slices"
	"testing"
)

func TestUnquote(t *testing.T) {
	got := unquote([]string{"plain", "=24HOME", "=3D3D", "a=", "=2", "=zz", ""})
	want := []string{"plain", "$HOME", "=3D", "a=", "=2", "=zz", ""}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzUnquote(f *testing.F) {
	for _, s := range []string{"", "=", "=2", "=24", "==3D", "a=ZZb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := unquoteOne(s); len(got) > len(s) {
			t.Errorf("%q became longer: %q", s, got)
		}
	})
}
