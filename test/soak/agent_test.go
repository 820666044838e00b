package soak

import (
	"testing"

	"github.com/nexushub/nexushub/test/agent/faults"
)

func TestHundredReplacements(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.Define(t, 1); h.Replace(t, 100, 500) })
}

func TestReplicasKilledEverySecond(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.Replicas(t, 5, 65, 500) })
}

func TestHundredKillsOfTheAgent(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.KillAgent(t, 100, 200) })
}

func TestSystemdAndBusShakenUnderFiftyApplications(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.Shake(t, 50, 20, 5, 5) })
}

func TestNothingRunsTwice(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.NothingTwice(t, 100, 200) })
}
