package soak

import (
	"testing"

	"github.com/nexushub/nexushub/test/agent/faults"
)

func TestHundredReplacements(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) { h.Define(1); h.Replace(100, 500) })
}

func TestHundredKillsOfTheAgent(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) { h.KillAgent(100, 200) })
}

func TestSystemdAndBusShakenUnderFiftyApplications(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) { h.Shake(50, 20, 5, 5) })
}
