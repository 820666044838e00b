package agent

import (
	"testing"

	"github.com/nexushub/nexushub/test/agent/faults"
)

func TestReplacementsUnderLoad(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) { h.Define(1); h.Replace(10, 200) })
}

func TestAgentKilledAtRandomMoments(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) { h.KillAgent(10, 100) })
}

func TestTrap03ReloadsAndBusRestartsLoseNothing(t *testing.T) {
	faults.OnEachSuite(t, func(h *faults.Host) { h.Shake(15, 5, 2, 2) })
}
