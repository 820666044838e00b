package agent

import (
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/internal/nearest"
)

// meant is the application whose name or app id was perhaps meant; empty if there is none.
func meant(name string, desired []plan.Desired) string {
	keys := make([]string, 0, 2*len(desired))
	for i := range desired {
		keys = append(keys, desired[i].Name, strings.ToLower(desired[i].AppID))
	}
	at := nearest.Index(strings.ToLower(name), keys)
	if at < 0 {
		return ""
	}
	return desired[at/2].Name
}
