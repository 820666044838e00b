package plan

import (
	"testing"

	"github.com/nexushub/nexushub/units"
)

func TestRestarts(t *testing.T) {
	type look struct {
		invocation string
		automatic  int
		want       int
	}
	tests := map[string][]look{
		"it runs":                                  {{"a", 0, 0}, {"a", 0, 0}},
		"nothing was ever started":                 {{"", 0, 0}, {"", 3, 0}, {"a", 0, 0}},
		"PID 1 restarts it":                        {{"a", 0, 0}, {"b", 1, 1}, {"c", 2, 2}},
		"PID 1 has counted before it starts":       {{"a", 0, 0}, {"a", 1, 1}, {"b", 1, 1}, {"b", 2, 2}, {"c", 2, 2}},
		"several times between two looks":          {{"a", 0, 0}, {"d", 3, 3}},
		"the agent restarts it":                    {{"a", 0, 0}, {"b", 0, 1}, {"c", 0, 2}},
		"PID 1, then the agent after a pause":      {{"a", 0, 0}, {"b", 1, 1}, {"c", 0, 2}, {"d", 0, 3}},
		"the agent, then PID 1":                    {{"a", 0, 0}, {"b", 0, 1}, {"c", 1, 2}},
		"an operator, and PID 1 since":             {{"a", 1, 1}, {"c", 1, 3}},
		"counted, started unseen, then by others":  {{"a", 0, 0}, {"a", 1, 1}, {"b", 0, 2}},
		"the count is reset when it is healthy":    {{"a", 0, 0}, {"b", 2, 2}, {"b", 0, 2}, {"c", 1, 3}},
		"reset while a start is due":               {{"a", 0, 0}, {"a", 1, 1}, {"a", 0, 1}, {"b", 0, 2}},
		"adopted from PID 1 alone":                 {{"e", 4, 4}, {"f", 5, 5}},
		"the state is older than what PID 1 tells": {{"a", 2, 2}, {"c", 4, 4}},
	}
	for name, looks := range tests {
		t.Run(name, func(t *testing.T) {
			var r Restarts
			for i, l := range looks {
				before := r
				news := r.See(units.Status{Invocation: l.invocation, NRestarts: l.automatic})
				if r.Count != l.want {
					t.Errorf("look %d: %d restarts, want %d", i, r.Count, l.want)
				}
				if news != (r != before) {
					t.Errorf("look %d: news %t, though %+v became %+v", i, news, before, r)
				}
			}
		})
	}
}

// TestMissedRestarts: the journal knows of starts that PID 1's count does not tell.
func TestMissedRestarts(t *testing.T) {
	for name, tt := range map[string]struct {
		before Restarts
		now    int // PID 1's count
		n      int // by the journal
		want   int
	}{
		"PID 1 restarted it":                   {Restarts{Invocation: "a"}, 2, 2, 0},
		"an operator did, and it ended since":  {Restarts{Invocation: "a"}, 1, 2, 1},
		"it ended, an operator, it ended":      {Restarts{Invocation: "a", Automatic: 1}, 1, 3, 1},
		"the start that was due":               {Restarts{Invocation: "a", Automatic: 1, Pending: true}, 1, 1, 0},
		"the start that was due, and one more": {Restarts{Invocation: "a", Automatic: 1, Pending: true}, 0, 2, 0},
		"the journal has lost some":            {Restarts{Invocation: "a"}, 3, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.before.Missed(units.Status{Invocation: "z", NRestarts: tt.now}, tt.n); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}
