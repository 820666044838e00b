package ifmatch

import (
	"errors"
	"testing"

	"github.com/nexushub/nexushub/api"
)

func TestCheck(t *testing.T) {
	state, other := map[string]int{"a": 1, "b": 2}, map[string]int{"a": 1}
	if Tag(state) != Tag(map[string]int{"b": 2, "a": 1}) || Tag(state) == Tag(other) {
		t.Fatalf("tags are %s and %s", Tag(state), Tag(other))
	}
	for header, ok := range map[string]bool{
		"": true, "*": true, Tag(state): true, Tag(other): false, Tag(other) + ", " + Tag(state): true,
		"W/" + Tag(state): false, `"x"`: false, "x": false, ",": false, `""`: false,
	} {
		err := Check(With(t.Context(), header), state)
		if (err == nil) != ok || err != nil && !errors.Is(err, api.Stale) {
			t.Errorf("If-Match: %s: %v", header, err)
		}
	}
	if err := Check(t.Context(), state); err != nil {
		t.Errorf("who asks for nothing: %v", err)
	}
}
