package need

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandsAreThereOrNamed(t *testing.T) {
	if err := Commands(t.Context(), "sh=dash", "/bin/sh=dash"); err != nil {
		t.Error(err)
	}
	if os.Getuid() != 0 {
		err := Commands(t.Context(), "no-such-command=no-such-package")
		if err == nil || !strings.Contains(err.Error(), "no-such-package") {
			t.Errorf("a missing command: %v", err)
		}
	}
}

func TestProgramIsBuilt(t *testing.T) {
	bin, err := Program(t.Context(), t.TempDir(), "./examples/hello")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(bin); err != nil || info.Mode()&0o111 == 0 || filepath.Base(bin) != "hello" {
		t.Errorf("%s: %v, %v", bin, info, err)
	}
}
