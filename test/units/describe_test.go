package units_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/units"
)

// What is described is what runs, line by line; and describing leaves nothing, whether
// the application runs or not.
func TestDescribe(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		sh(t, "groupadd -rf _nexushub-proxy")
		for _, network := range []string{units.NetworkPort, units.NetworkSocket, units.NetworkGuest} {
			s := spec("describe-"+network, self, "serve")
			s.Network, s.ProxyPort = network, 8443
			before, err := m.Describe(t.Context(), s, place(s))
			if err != nil {
				t.Errorf("%s, not running: %v", network, err)
				continue
			}
			unit := start(t, m, s).Unit
			after, err := m.Describe(t.Context(), s, place(s))
			if err != nil || after != before {
				t.Errorf("%s: while it runs it is another: %v\n%s", network, err, after)
			}
			real, err := os.ReadFile(filepath.Join(units.TransientDir, unit))
			if err != nil || !slices.Equal(lines(string(real)), lines(before)) {
				t.Errorf("%s: %v; described as\n%s\nit runs as\n%s", network, err, before, real)
			}
			stop(t, m, unit)
		}
		lab.Eventually(t, "no described unit is left", func() error {
			left := sh(t, "systemctl list-units --all --plain --no-legend 'nexushub-describe-*'; ls "+
				units.TransientDir+" | grep describe- || true")
			return lab.Unless(left == "", "%s", left)
		})
	})
}

// lines are those that decide how a unit runs.
func lines(file string) []string {
	return slices.DeleteFunc(strings.Split(file, "\n"), func(line string) bool {
		return strings.HasPrefix(line, "LogExtraFields=") || strings.HasPrefix(line, "ConditionPathExists=") ||
			strings.HasPrefix(line, "#") || strings.HasPrefix(line, "[") || line == ""
	})
}
