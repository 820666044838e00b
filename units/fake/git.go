package fake

import (
	"context"

	"github.com/nexushub/nexushub/units"
)

// StartGit is a git that ends at once and says nothing. What git really does, the tests of package
// git and of the lab try.
func (m *Manager) StartGit(context.Context, units.Git) error { return nil }

// StopGit has nothing to end.
func (m *Manager) StopGit(context.Context, units.Git) {}
