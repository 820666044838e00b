package control

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// Whose hosts are given elsewhere is told where.
func TestHostsOfOtherKinds(t *testing.T) {
	for kind, says := range map[string]string{
		plan.KindStatic: "/etc/nexushub/apps.d/hello.toml", plan.KindDynamic: "the admin application",
		plan.KindDebug: "nexushub keep hello",
	} {
		s := &stub{kind: kind}
		c := dial(t, s)
		_, err := c.AddHost(t.Context(), "hello", api.NewAppHost{Host: "x.org"})
		if api.CodeOf(err) != api.Conflict || !strings.Contains(err.Error(), says) || len(s.calls) > 0 {
			t.Errorf("%s: %v, calls %q", kind, err, s.calls)
		}
	}
}
