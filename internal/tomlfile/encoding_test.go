package tomlfile

import (
	"strings"
	"testing"
)

func TestUTF16IsNamed(t *testing.T) {
	for _, in := range []string{"\xff\xfea\x00", "\xfe\xff\x00a", "\xff\xfe"} {
		if f := Parse("f", []byte(in)); len(f.Faults) != 1 || !strings.Contains(f.Faults[0].Problem, "is in UTF-16") {
			t.Errorf("%q: got %v", in, f.Faults)
		}
	}
}
