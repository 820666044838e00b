package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
)

// WriteFile puts data at an absolute path of the machine, making its folder.
func (m *Machine) WriteFile(ctx context.Context, name string, data []byte, mode os.FileMode) error {
	cmd := m.Command(ctx, "sh", "-ec", `mkdir -p "$1"; cat >"$2"; chmod "$3" "$2"`, "write",
		path.Dir(name), name, fmt.Sprintf("%o", mode.Perm()))
	cmd.Stdin = bytes.NewReader(data)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lab: write %s: %w: %s", name, err, out)
	}
	return nil
}

// ReadFile reads a file of the machine.
func (m *Machine) ReadFile(ctx context.Context, name string) ([]byte, error) {
	var out, stderr bytes.Buffer
	cmd := m.Command(ctx, "cat", "--", name)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("lab: read %s: %w: %s", name, err, stderr.Bytes())
	}
	return out.Bytes(), nil
}

// CopyIn puts a file or folder of the host to the path to in the machine, with modes.
func (m *Machine) CopyIn(ctx context.Context, from, to string) error {
	from, err := filepath.Abs(from)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	unpack := m.Command(ctx, "sh", "-ec", `mkdir -p "$1"; tar -x --no-same-owner -C "$1" --transform="s,^$2,$3,"`,
		"copy", path.Dir(to), filepath.Base(from), path.Base(to))
	return pipe(exec.CommandContext(ctx, "tar", "-c", "-C", filepath.Dir(from), filepath.Base(from)), unpack)
}

// CopyOut copies a file or folder of the machine into the folder dir of the host.
func (m *Machine) CopyOut(ctx context.Context, from, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	pack := m.Command(ctx, "tar", "-c", "-C", path.Dir(from), path.Base(from))
	return pipe(pack, exec.CommandContext(ctx, "tar", "-x", "--no-same-owner", "-C", dir))
}
