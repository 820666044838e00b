package agent

import (
	"testing"

	"github.com/nexushub/nexushub/agent/plan"
)

func instances(ids ...string) []plan.Instance {
	var list []plan.Instance
	for _, id := range ids {
		list = append(list, plan.Instance{ID: id, HostName: id})
	}
	return list
}

func TestBrake(t *testing.T) {
	four := instances("a", "b", "c", "d")
	tests := []struct {
		name    string
		current []plan.Instance
		answers [][]plan.Instance
		held    []bool
	}{
		{"half may go at once", four, [][]plan.Instance{instances("a", "b")}, []bool{false}},
		{"more than half must be said three times", four, [][]plan.Instance{instances("a"), instances("a"), instances("a")},
			[]bool{true, true, false}},
		{"none at all too", four, [][]plan.Instance{nil, nil, nil}, []bool{true, true, false}},
		{"another answer in between begins anew", four, [][]plan.Instance{nil, instances("a"), nil, nil, nil},
			[]bool{true, true, true, true, false}},
		{"a harmless answer in between begins anew", four, [][]plan.Instance{nil, nil, four, nil},
			[]bool{true, true, false, true}},
		{"the first list removes nothing", nil, [][]plan.Instance{four}, []bool{false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b massRemovalGuard
			for n, answer := range tt.answers {
				if _, held := b.check(tt.current, answer); held != tt.held[n] {
					t.Errorf("answer %d: held = %v, want %v", n+1, held, tt.held[n])
				}
			}
		})
	}
}
