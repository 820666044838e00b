package plan

import (
	"testing"

	"github.com/nexushub/nexushub/agent/audience"
)

func TestInstalledReadsTheOldForm(t *testing.T) {
	for text, want := range map[string]Installed{
		"abc": {Release: "abc"}, "abc token:x": {"abc", audience.Token("x")}, "abc root": {"abc", audience.Root},
	} {
		var got Installed
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q = %+v, %v", text, got, err)
		}
		if back, _ := got.MarshalText(); string(back) != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	}
	var in Installed
	if in.UnmarshalText([]byte("a b c")) == nil || in.UnmarshalText(nil) == nil {
		t.Error("nonsense is accepted")
	}
}
