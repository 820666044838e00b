package plan

import (
	"testing"

	"github.com/nexushub/nexushub/internal/manifest"
)

func TestAccessIsOfWhatAnswers(t *testing.T) {
	open, areas := manifest.Default(), manifest.Default()
	open.Access = manifest.AccessOpen
	good := func(m manifest.Manifest) *Good { return &Good{Revision: "old", Manifest: m} }
	old := func(u *Unit) { u.Revision = "old" }
	for _, c := range []struct {
		name   string
		wants  manifest.Manifest
		good   *Good
		served string
		broken bool // what is wanted is not known
		want   string
	}{
		{"nothing runs", open, nil, "", false, "open"},
		{"the new one", open, good(areas), newUnit, false, "open"},
		{"areas, while open is on its way", open, good(areas), oldUnit, false, "areas"},
		{"open, while areas are on their way", areas, good(open), oldUnit, false, "open"},
		{"open, and its package has disappeared", areas, good(open), oldUnit, true, "open"},
		{"nobody knows what", open, nil, oldUnit, false, "areas"},
		{"nobody knows what, of another revision", open, &Good{Revision: "older", Manifest: open}, oldUnit, false, "areas"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := wantNew()
			d.Manifest, d.Good = c.wants, c.good
			if c.broken {
				d.Problem, d.Revision, d.Unit = "x", "", ""
			}
			seen := Observed{Units: []*Unit{aUnit(oldUnit, "active", old), aUnit(newUnit, "active")}, Served: in(c.served)}
			s := Current{Apps: map[string]Observed{instanceA: seen}}.Of(&d, noon)
			if got := s.Access(); got != c.want || s.route().Access != c.want {
				t.Errorf("access %q, route %q, want %q", got, s.route().Access, c.want)
			}
		})
	}
}
