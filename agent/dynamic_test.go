package agent

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/agent/admin"
)

// A service that lists others each time, and one bad entry, so that nothing is removed:
// what is kept counts, too.
func TestDynamicApplicationsAreBounded(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Admin.Enabled = true
		h.start()
		list := func(answer int) admin.List {
			l := admin.List{Faults: []error{fmt.Errorf("bad")}}
			for n := range 2 {
				l.Applications = append(l.Applications, admin.Application{InstanceID: uuid.NewString(), AppID: "a",
					HostName: fmt.Sprintf("h%d.a%d.x", n, answer)})
			}
			return l
		}
		for answer := range 5 {
			if taken := h.agent.onDynamicList(list(answer), 5); taken != (answer < 2) {
				t.Errorf("answer %d: applied = %v", answer, taken)
			}
		}
		if n := len(h.agent.desired.dynamic); n != 4 {
			t.Errorf("%d dynamic applications, want 4", n)
		}
	})
}
