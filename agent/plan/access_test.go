package plan

import (
	"testing"

	"github.com/nexushub/nexushub/internal/manifest"
)

func TestAccessIsOfWhatAnswers(t *testing.T) {
	open, areas, closed := manifest.Default(), manifest.Default(), manifest.Default()
	open.Access, closed.Access, closed.Roles = manifest.AccessOpen, manifest.AccessPrivate, []string{"ops"}
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
		{"private", closed, nil, "", false, "private"},
		{"private, while open is on its way", open, good(closed), oldUnit, false, "private"},
		{"open, while private is on its way", closed, good(open), oldUnit, false, "open"},
		{"nobody knows what, and private is on its way", closed, nil, oldUnit, false, "private"},
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
			if roles := s.route().Roles; (len(roles) == 1) != (c.want == "private") {
				t.Errorf("roles %q", roles)
			}
		})
	}
}
