package proxyctl

import (
	"encoding/json"
	"reflect"
	"testing"
)

var (
	one = Target{ID: "a", Network: "tcp", Address: "127.0.0.1:1"}
	two = Target{ID: "b", Network: "unix", Address: "/run/b"}
)

// TestTargetsOnTheWire: a proxy or a table on disk from before there were several says and
// understands "target" alone.
func TestTargetsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		name    string
		targets []Target
		target  *Target // as a proxy from before understands it
	}{
		{"none", nil, nil},
		{"one", []Target{one}, &one},
		{"several", []Target{two, one}, &two},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Route{Target: &Target{ID: "stale"}, Targets: []Target{one, one}}
			r.LeadTo(c.targets...)
			b, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var old struct{ Target *Target }
			var now Route
			if json.Unmarshal(b, &old) != nil || json.Unmarshal(b, &now) != nil {
				t.Fatalf("cannot be read: %s", b)
			}
			if !reflect.DeepEqual(old.Target, c.target) {
				t.Errorf("a proxy from before asks %v, want %v", old.Target, c.target)
			}
			if !reflect.DeepEqual(now.AllTargets(), c.targets) {
				t.Errorf("requests go to %v, want %v", now.AllTargets(), c.targets)
			}
		})
	}
}
