package proxy_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/nexushub/nexushub/test/need"
)

// built is where the applications of all tests are compiled to, once.
var built struct {
	dir  string
	once sync.Once
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// program returns the path of a compiled program: app, flood or login.
func program(t testing.TB, name string) string {
	t.Helper()
	built.once.Do(func() { built.err = buildAll(t.Context()) })
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, name)
}

func buildAll(ctx context.Context) (err error) {
	if built.dir, err = os.MkdirTemp("", "nexushub-test-proxy-"); err != nil {
		return err
	}
	for _, pkg := range []string{"./test/proxy/app", "./test/proxy/flood", "./examples/login"} {
		if _, err := need.Program(ctx, built.dir, pkg); err != nil {
			return err
		}
	}
	return nil
}

// appPackage makes a package folder around the test application: manifest, files.
func appPackage(t testing.TB, manifest string, files map[string]string) string {
	t.Helper()
	all := map[string]string{"nexushub.toml": manifest}
	for name, text := range files {
		all[name] = text
	}
	return packageOf(t, program(t, "app"), all)
}

func loginPackage(t testing.TB, manifest string) string {
	t.Helper()
	root, err := need.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	users, err := os.ReadFile(filepath.Join(root, "examples/login/users.json"))
	if err != nil {
		t.Fatal(err)
	}
	return packageOf(t, program(t, "login"), map[string]string{"nexushub.toml": "proxy_all = true\n" + manifest,
		"users.json": string(users)})
}

func packageOf(t testing.TB, program string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin/app")
	// A copy: a link made for one host would change the file while tar reads it for another.
	text, err := os.ReadFile(program)
	err = errors.Join(err, os.Chmod(dir, 0o755), os.MkdirAll(filepath.Dir(bin), 0o755), os.WriteFile(bin, text, 0o755))
	for name, text := range files {
		path := filepath.Join(dir, name)
		err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
