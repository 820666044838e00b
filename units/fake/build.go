package fake

import (
	"context"

	"github.com/nexushub/nexushub/units"
)

// RunBuild plays a build by Building; without one, it ends well at once.
func (m *Manager) RunBuild(ctx context.Context, b units.Build, look func() error) (units.Status, error) {
	if m.Building != nil {
		return m.Building(ctx, b, look)
	}
	return units.Status{Unit: b.UnitName(), ActiveState: "active", SubState: "exited", Result: "success"}, ctx.Err()
}

// StopBuilds has none to stop: they end with the agent that has begun them.
func (m *Manager) StopBuilds(context.Context) error { return nil }
