package plan

import (
	"errors"
	"testing"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/startcmd"
	"github.com/nexushub/nexushub/units"
)

func TestWhoseCommandExpands(t *testing.T) {
	words := func(exec ...string) manifest.Manifest { return manifest.Manifest{Exec: exec} }
	for _, c := range []struct {
		name          string
		operator, rel manifest.Manifest
		installedNow  bool
		want          bool
	}{
		{"of the package", words(), words("app", "$PORT"), true, true},
		{"of a package from before", words(), words("app", "$PORT"), false, false},
		{"of the operator, over a package from before", words("app", "$PORT"), words("app", "$X"), false, true},
		{"no variable: the revision stays", words(), words("app"), true, false},
		{"neither", words(), words(), false, false},
	} {
		in := Instance{ID: instanceA, Manifest: c.operator}
		m := c.operator.Over(c.rel.Over(manifest.Default()))
		s := NewSpecs(in, fact.Release{Manifest: c.rel, Expands: c.installedNow}, m, SecretFiles{}, Kept{}, Place{})[0]
		if s.Expand != c.want {
			t.Errorf("%s: expands %v", c.name, s.Expand)
		}
	}
}

func TestInternalSecretIsNoArgument(t *testing.T) {
	s := units.Spec{Exec: []string{"app", "$INTERNAL_SECRET"}, Expand: true}
	if err := CheckCommand(s, SecretFiles{}); !errors.Is(err, startcmd.ErrSecret) {
		t.Errorf("got %v, want %v", err, startcmd.ErrSecret)
	}
}
