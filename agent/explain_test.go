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

func TestCommandsBeginAtTheRelease(t *testing.T) {
	for _, tt := range [][2]string{{"bin/app", "/srv/shop/bin/app"}, {"./app", "/srv/shop/app"}, {"/bin/sh", "/bin/sh"}, {"sh", "sh"}} {
		if got := absolute("/srv/shop", []string{tt[0], "-x"}); !slices.Equal(got, []string{tt[1], "-x"}) {
			t.Errorf("%s: got %q, want %s", tt[0], got, tt[1])
		}
	}
}
