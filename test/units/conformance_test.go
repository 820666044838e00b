package units_test

import (
	"testing"

	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/unitstest"
)

func TestConformance(t *testing.T) {
	inMachine(t, func(t *testing.T, _ *units.Manager) {
		sh(t, "getent group _nexushub-proxy || groupadd -rf _nexushub-proxy")
		unitstest.Conformance(t, func(t *testing.T, test func(*testing.T, unitstest.Harness)) {
			test(t, unitstest.Harness{
				Manager: dial(t), Spec: spec("hello"),
				Fails: []string{"/bin/sh", "-c", "exit 7"}, Missing: []string{"/usr/bin/not-there"},
				Ends: []string{"/bin/true"},
			})
		})
	})
}
