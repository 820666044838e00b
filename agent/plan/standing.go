package plan

import (
	"time"

	"github.com/nexushub/nexushub/api"
)

// Standing is the state of an instance and since when, as it is kept over a restart of the agent.
type Standing struct {
	State api.State `json:"state"`
	Since time.Time `json:"since"`
	Run   string    `json:"run,omitempty"` // invocation of the unit that stands for the instance
}

// Is says whether nothing has happened to it since.
func (b Standing) Is(state api.State, run string) bool {
	return b.State == state && b.Run == run
}
