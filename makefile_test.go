package nexushub_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// internalTargets are called by others alone.
var internalTargets = []string{"from-client", "FORCE"}

// `make help` has a sentence for each target and each variable that a caller may set.
func TestMakeHelpIsComplete(t *testing.T) {
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("make", "--no-print-directory", "help").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	names := regexp.MustCompile(`(?m)^  (\S+) +\S.*$`).FindAllStringSubmatch(string(out), -1)
	explained := func(name string) bool {
		return slices.ContainsFunc(names, func(m []string) bool { return m[1] == name })
	}
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindSubmatch(text)
	if phony == nil {
		t.Fatal("the Makefile has no .PHONY")
	}
	for _, target := range strings.Fields(string(phony[1])) {
		if !slices.Contains(internalTargets, target) && !explained(target) {
			t.Errorf("make help does not tell of %s", target)
		}
	}
	for _, variable := range regexp.MustCompile(`(?m)^(?:export )?([A-Z_]+) \?=`).FindAllSubmatch(text, -1) {
		if name := string(variable[1]); name != "SOURCE_DATE_EPOCH" && !explained(name) {
			t.Errorf("make help does not tell of %s", name)
		}
	}
}
