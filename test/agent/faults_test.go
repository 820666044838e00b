package agent

import (
	"testing"

	"github.com/nexushub/nexushub/test/agent/faults"
)

func TestReplacementsUnderLoad(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.Define(t, 1); h.Replace(t, 10, 200) })
}

func TestReplicasUnderLoad(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.Replicas(t, 1, 10, 200) })
}

func TestAgentKilledAtRandomMoments(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.KillAgent(t, 10, 100) })
}

func TestTrap03ReloadsAndBusRestartsLoseNothing(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.Shake(t, 15, 5, 2, 2) })
}

func TestNothingRunsTwice(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) { h.NothingTwice(t, 12, 100) })
}
