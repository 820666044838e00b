package debug

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/api"
)

// ID names a debug application, and nothing else can be named by one.
type ID string

func newID() ID { return ID(uuid.NewString()) }

// parseID accepts the canonical form only: an id is also the name of a folder.
func parseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s {
		return "", fmt.Errorf("debug application %q: %w", s, api.NotFound)
	}
	return ID(s), nil
}
