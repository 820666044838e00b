package tomlfile

import "testing"

func TestLinesOfDottedInlineAndNestedKeys(t *testing.T) {
	f := Parse("f", []byte("a.b = 1\n[t]\nx = { y = 2,\n z = 3 }\n[t.u]\nv = 4\n"))
	for key, want := range map[string]int{"a": 1, "a.b": 1, "t": 2, "t.x": 3, "t.x.y": 3, "t.x.z": 4, "t.u.v": 6,
		"t.none": 2, "none": 0} {
		if got := f.line(key); got != want {
			t.Errorf("line(%q) = %d, want %d", key, got, want)
		}
	}
}

func TestOnlyTheFirstFaultAboutAKeyCounts(t *testing.T) {
	f := Parse("f", []byte("a = 1\n"))
	f.Fault("a", "first")
	f.Fault("a", "second")
	if err := f.Err(); err.Error() != "f:1: a = 1: first" {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a.b = 1\n[t]\nx = { y = 2 }\n[[l]]\nq = 'z'\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var dst struct {
			A map[string]string `toml:"a"`
			L []string          `toml:"l"`
			N *int              `toml:"n"`
		}
		file := Parse("f", data)
		file.Bind(&dst)
		_ = file.Err()
	})
}
