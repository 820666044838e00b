// Package need gets what tests and benchmarks use besides this repository: Debian
// packages, and programs that are built from the Go registry at the versions that
// test/tools/go.mod pins.
package need

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

const module = "github.com/nexushub/nexushub"

// Programs that Tool builds.
const (
	Caddy  = "github.com/caddyserver/caddy/v2/cmd/caddy"
	Pebble = "github.com/letsencrypt/pebble/v2/cmd/pebble"
	H2spec = "github.com/summerwind/h2spec/cmd/h2spec"
)

// Root is this repository's folder.
func Root(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("go list %s: %w", module, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Commands installs missing COMMAND=PACKAGE when root; else the error names the apt
// command that does.
func Commands(ctx context.Context, wants ...string) error {
	root, err := Root(ctx)
	if err != nil {
		return err
	}
	return run(ctx, root, filepath.Join(root, "packaging/need.sh"), wants...)
}

// Tool builds a pinned program into dist/bench/tools and returns its path. Built once,
// it is there at once.
func Tool(ctx context.Context, pkg string) (string, error) {
	root, err := Root(ctx)
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, "dist/bench/tools", path.Base(pkg))
	return bin, build(ctx, filepath.Join(root, "test/tools"), bin, pkg)
}

// Program builds one of this repository's main packages, such as ./cmd/nexushub-proxy,
// as a static program into dir.
func Program(ctx context.Context, dir, pkg string) (string, error) {
	root, err := Root(ctx)
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, path.Base(pkg))
	return bin, build(ctx, root, bin, pkg)
}

func build(ctx context.Context, dir, bin, pkg string) error {
	return run(ctx, dir, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, pkg)
}

func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", path.Base(name), strings.Join(args, " "), err, out)
	}
	return nil
}
