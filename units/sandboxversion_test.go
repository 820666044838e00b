package units

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// sandboxVersions has a line "VERSION HASH" for each version there was.
const sandboxVersions = "testdata/sandbox-versions"

// named are the parts of names and fields that change with every Spec.
var named = regexp.MustCompile(`[0-9a-f]{64}|-[0-9a-f]{8}\b|NEXUSHUB_SANDBOX=\d+`)

// TestSandboxVersion: properties that change are another version, or what runs would keep
// the old ones over an upgrade. -update records a version that is new.
func TestSandboxVersion(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden files: %v, %v", files, err)
	}
	h := sha256.New()
	for _, f := range files {
		ar, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s\n%s", f, named.ReplaceAllString(render(readGolden(t, ar)), "*"))
	}
	want := fmt.Sprintf("%d %s\n", SandboxVersion, hex.EncodeToString(h.Sum(nil)))
	recorded, err := os.ReadFile(sandboxVersions)
	if err != nil {
		t.Fatal(err)
	}
	if *update && !strings.Contains("\n"+string(recorded), fmt.Sprintf("\n%d ", SandboxVersion)) {
		recorded = append(recorded, want...)
		if err := os.WriteFile(sandboxVersions, recorded, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasSuffix("\n"+string(recorded), "\n"+want) {
		t.Errorf("what a Spec becomes has changed (or testdata has a new case): raise SandboxVersion, then run with -update\n%s", want)
	}
}
