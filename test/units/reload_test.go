package units_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/units"
)

// figures are properties that change without anybody's doing.
var figures = regexp.MustCompile(`^(ExecStart|ExecStartEx|NeedDaemonReload|StateChange.*|.*Timestamp.*|.*Current|.*NSec|IP.*(Bytes|Packets)|IO.*(Bytes|Operations)|Memory(Available|Peak|.*Current))$`)

// settings are the properties of a unit; the order of words means nothing.
func settings(t *testing.T, unit string) map[string]string {
	t.Helper()
	out, err := exec.Command("systemctl", "show", unit).Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if !figures.MatchString(name) {
			all[name] += strings.Join(slices.Sorted(strings.FieldsSeq(value)), " ") + "\n"
		}
	}
	return all
}

// TestReloadKeepsEverySetting: after a daemon-reload PID 1 knows of a unit what it wrote
// to the unit's file, and some settings come back from there as something else.
func TestReloadKeepsEverySetting(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		unit := start(t, m, spec("reload", self, "serve")).Unit
		before := settings(t, unit)
		sh(t, "systemctl daemon-reload")
		after := settings(t, unit)
		for name := range before {
			if after[name] != before[name] {
				t.Errorf("%s was %q, is %q after a daemon-reload", name, before[name], after[name])
			}
		}
	})
}
