package agent

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestUnitSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "u.service")
	content := "# This is a transient unit file\n[Unit]\nDescription=x\n\n[Service]\nEnvironment=\"A=50%%\"\nExecStart=\nExecStart=\":/bin/app\"\nUser=nh-1\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := unitSettings(path, notByHand)
	want := []string{`--property=Environment="A=50%"`, "--property=User=nh-1"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("settings = %q, %v; want %q", got, err, want)
	}
}
