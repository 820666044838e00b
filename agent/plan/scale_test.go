package plan

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/manifest"
)

func TestScaleIsPatched(t *testing.T) {
	before := Settings{Scale: map[string]int{"web": 2, "worker": 3}}
	for _, c := range []struct{ patch, want string }{
		{`{}`, ""},
		{`{"scale":{"web":2}}`, ""},
		{`{"scale":{"web":4,"worker":null,"mailer":0}}`, "scale mailer, scale web, scale worker"},
		{`{"scale":null}`, "scale web, scale worker"},
		{`{"scale":{"worker":0}}`, "scale worker"},
	} {
		next, _, faults := before.Patched([]byte(c.patch))
		if got := strings.Join(next.Changes(before), ", "); len(faults) > 0 || got != c.want {
			t.Errorf("%s changes %q, want %q (%v)", c.patch, got, c.want, faults)
		}
		if next.OnlyScales(before) != (c.want != "") {
			t.Errorf("%s only scales: %v", c.patch, next.OnlyScales(before))
		}
	}
	if next, _, _ := before.Patched([]byte(`{"scale":{"web":3},"access":"open"}`)); next.OnlyScales(before) {
		t.Error("who opens an application, too, does not only scale it")
	}
	if len(before.Scale) != 2 {
		t.Errorf("the settings themselves were changed: %v", before)
	}
}

func TestRefusedScale(t *testing.T) {
	for patch, want := range map[string]string{
		`{"scale":{"web":0}}`:       "scale.web: must be at least 1: nexushub stop stops an application",
		`{"scale":{"web":-1}}`:      "scale.web: must be from 1 to 1000",
		`{"scale":{"worker":1001}}`: "scale.worker: must be from 0 to 1000",
		`{"scale":{"Worker":1}}`: "scale.Worker: cannot be the name of a process: it must be a small letter and " +
			"up to 15 more small letters and digits",
		`{"scale":{"worker":"2"}}`: "scale.worker: must be a whole number, without quotes",
		`{"scale":{"worker":1.5}}`: "scale.worker: must be a whole number",
		`{"scale":2}`:              "scale: must be a table",
	} {
		_, _, faults := Settings{}.Patched([]byte(patch))
		if len(faults) != 1 || faults[0].Key+": "+faults[0].Problem != want {
			t.Errorf("%s: %v, want %s", patch, faults, want)
		}
	}
}

// A number for a process that a release does not have waits for one that has it.
func TestReplicasOfProcessesThatThereAre(t *testing.T) {
	s := Settings{Scale: map[string]int{"web": 4, "worker": 0, "gone": 7}}
	asks := manifest.Manifest{Processes: map[string]manifest.Process{
		"worker": {Exec: []string{"w"}}, "other": {Exec: []string{"o"}},
	}}
	m := s.Replicas(asks).Over(asks)
	if m.ReplicasOf("web") != 4 || m.ReplicasOf("worker") != 0 || m.ReplicasOf("other") != 1 || len(m.Processes) != 2 {
		t.Errorf("%+v", m)
	}
	if got := strings.Join(s.Unused(asks), " "); got != "gone" {
		t.Errorf("unused: %q", got)
	}
	if faults := m.Incomplete(""); len(faults) > 0 {
		t.Error(faults)
	}
}

// How many replicas there are is of no edition: going back to one leaves it as it is.
func TestEditionsHaveNoScale(t *testing.T) {
	scaled := Settings{Access: "open", Scale: map[string]int{"web": 4}}
	if e := scaled.Edition(); e.Scale != nil || e.Access != "open" || scaled.Scale == nil {
		t.Errorf("edition %+v of %+v", e, scaled)
	}
	if back := scaled.OfEdition(Settings{Access: "areas"}); back.Access != "areas" || back.Scale["web"] != 4 {
		t.Errorf("back at %+v", back)
	}
	if scaled.Is(scaled.Edition()) || (Settings{Scale: scaled.Scale}).Zero() {
		t.Error("a number of replicas is taken for none")
	}
}
