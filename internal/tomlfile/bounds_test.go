package tomlfile

import (
	"strings"
	"testing"
)

// Each of these is within a megabyte and would cost gigabytes or minutes.
func TestAFileIsBounded(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"bytes":         {strings.Repeat("#", maxBytes+1), "larger than"},
		"parts":         {"a" + strings.Repeat(".a", 1<<19-10) + " = 1", "more than 16 parts"},
		"table":         {"[a" + strings.Repeat(".a", 1<<19-10) + "]", "more than 16 parts"},
		"inline tables": {"a = " + strings.Repeat("{ a = ", 5000) + "1" + strings.Repeat("}", 5000), "16"},
		"lists":         {"a = " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "nested deeper than 16"},
		"keys":          {strings.Repeat("[[a]]\n", maxKeys+1), "more than 10000 keys"},
		"inline keys":   {"a = [" + strings.Repeat("{ a = 1 }, ", maxKeys) + "]", "more than 10000 keys"},
		"long key":      {strings.Repeat("k", maxPart+1) + " = 1", "more than 256 bytes"},
	} {
		if f := Parse("f", []byte(c.in)); len(f.Faults) != 1 || !strings.Contains(f.Faults[0].Problem, c.want) {
			t.Errorf("%s: got %v, want %q", name, f.Faults, c.want)
		}
	}
}

func TestFaultsAreBounded(t *testing.T) {
	f := Parse("f", []byte(strings.Repeat("x", 9)+" = '"+strings.Repeat("v", 1<<19)+"'\n"))
	f.Bind(&struct{}{})
	if text := f.Err().Error(); len(text) > 2*maxShown {
		t.Errorf("a fault of %d bytes", len(text))
	}
	for i := range 500 {
		f.Fault(strings.Repeat("k", i+1), "is wrong")
	}
	if len(f.Faults) != maxFaults {
		t.Errorf("%d faults, want %d", len(f.Faults), maxFaults)
	}
}

// What came another way has the same bounds: what is made of its keys must not outgrow it.
func TestValuesAreBounded(t *testing.T) {
	deep, wide := map[string]any{}, map[string]any{}
	for at, i := deep, 0; i < 1000; i++ {
		next := map[string]any{}
		at["a"], at = next, next
	}
	for i := range maxKeys + 1 {
		wide[strings.Repeat("k", i%200)+string(rune('a'+i/200))] = nil
	}
	for want, values := range map[string]map[string]any{
		"more than 16 parts":   deep,
		"more than 10000 keys": wide,
		"more than 256 bytes":  {strings.Repeat("k", maxPart+1): map[string]any{"a": 1}},
	} {
		f := Of("f", values)
		f.Bind(&struct{}{})
		if len(f.Faults) != 1 || !strings.Contains(f.Faults[0].Problem, want) {
			t.Errorf("got %v, want %q", f.Faults, want)
		}
	}
}
