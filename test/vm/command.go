package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// request and answer are the guest program's (guest/main.go).
type request struct {
	Argv  []string `json:"argv"`
	Stdin []byte   `json:"stdin,omitempty"`
}

type answer struct {
	Ready  bool   `json:"ready,omitempty"`
	Stdout []byte `json:"stdout"`
	Stderr []byte `json:"stderr"`
	Code   int    `json:"code"`
}

func (v *VM) send(r request) error {
	if err := json.NewEncoder(v.channel).Encode(r); err != nil {
		return fmt.Errorf("vm: %w", err)
	}
	return nil
}

// call runs one command. When ctx ends the channel is closed: the machine can then
// only be cut off.
func (v *VM) call(ctx context.Context, stdin []byte, argv ...string) (string, error) {
	stop := context.AfterFunc(ctx, func() { v.channel.Close() })
	defer stop()
	if err := v.send(request{Argv: argv, Stdin: stdin}); err != nil {
		return "", errors.Join(err, ctx.Err())
	}
	var a answer
	if err := v.answers.Decode(&a); err != nil {
		return "", fmt.Errorf("vm: %s: %w", argv[0], errors.Join(err, ctx.Err()))
	}
	out := strings.TrimSuffix(string(a.Stdout), "\n")
	if a.Code != 0 {
		return out, fmt.Errorf("vm: %s: exit %d: %s", strings.Join(argv, " "), a.Code, bytes.TrimSpace(a.Stderr))
	}
	return out, nil
}

// Output runs a command and returns its stdout without the last newline.
func (v *VM) Output(ctx context.Context, argv ...string) (string, error) {
	return v.call(ctx, nil, argv...)
}

// Must is Output whose failure ends the test. It has a limit, because the context of a test ends only after the test.
func (v *VM) Must(t testing.TB, argv ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := v.Output(ctx, argv...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// WriteFile puts data at an absolute path, making its folder.
func (v *VM) WriteFile(ctx context.Context, path string, data []byte, mode os.FileMode) error {
	_, err := v.call(ctx, data, "sh", "-ec", `mkdir -p "$(dirname "$1")"; cat >"$1"; chmod "$2" "$1"`, "write", path,
		fmt.Sprintf("%o", mode))
	return err
}

// CopyIn puts a folder of the host to an absolute path.
func (v *VM) CopyIn(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return v.WriteFile(ctx, filepath.Join(to, rel), data, info.Mode().Perm())
	})
}

// MustInstall installs the package under test.
func (v *VM) MustInstall(t testing.TB, deb string) {
	t.Helper()
	data, err := os.ReadFile(deb)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.WriteFile(t.Context(), "/tmp/nexushub.deb", data, 0o644); err != nil {
		t.Fatal(err)
	}
	v.Must(t, "sh", "-ec",
		"DEBIAN_FRONTEND=noninteractive apt-get install -y /tmp/nexushub.deb </dev/null; rm /tmp/nexushub.deb")
}
