package plan

import (
	"testing"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
)

func TestGuessesHealth(t *testing.T) {
	of := func(kind string) manifest.Manifest { return manifest.Manifest{Health: manifest.Health{Type: kind}} }
	recognised := fact.Release{Recognised: detect.Result{Name: "Node.js", Manifest: of("tcp")}}
	chosen := fact.Release{Manifest: of("tcp")}
	for _, c := range []struct {
		name     string
		operator manifest.Manifest
		release  fact.Release
		want     bool
	}{
		{"recognised", manifest.Manifest{}, recognised, true},
		{"chosen by the operator", of("tcp"), recognised, false},
		{"chosen by the package", manifest.Manifest{}, chosen, false},
		{"another check", of("notify"), recognised, false},
		{"said by nobody", manifest.Manifest{}, fact.Release{}, false},
	} {
		in := Instance{Manifest: c.operator}
		d := Desired{Instance: in, Layers: Layers(in, c.release, manifest.Default())}
		d.Manifest = Effective(d.Layers)
		if got := d.GuessesHealth(); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
		fallen := Desired{Instance: in, Layers: Layers(in, fact.Release{}, manifest.Default()), Manifest: d.Manifest,
			Fallback: true, Good: &Good{Release: c.release}}
		if got := fallen.GuessesHealth(); got != c.want {
			t.Errorf("%s, and it fell back to that: %t, want %t", c.name, got, c.want)
		}
	}
}
