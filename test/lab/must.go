package lab

import (
	"context"
	"os"
	"testing"
	"time"
)

// commandLimit bounds every command of a test. Without it one that hangs would hold the whole run, because the context
// of a test ends only after the test.
const commandLimit = 5 * time.Minute

// Must runs a command in the machine; its failure ends the test.
func (m *Machine) Must(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := m.Try(t, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Try runs a command that may fail.
func (m *Machine) Try(t testing.TB, name string, args ...string) (stdout string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	return m.Output(ctx, name, args...)
}

// Sh runs a script in the machine, and returns stdout and stderr together; its failure ends the test.
func (m *Machine) Sh(t testing.TB, script string) string {
	t.Helper()
	out, err := m.TrySh(t, script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TrySh runs a script that may fail.
func (m *Machine) TrySh(t testing.TB, script string) (output string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	return m.Shell(ctx, script)
}

// Write puts a text file into the machine, for everybody to read.
func (m *Machine) Write(t testing.TB, path, text string) {
	t.Helper()
	m.WriteMode(t, path, []byte(text), 0o644)
}

// WriteMode is WriteFile, whose failure ends the test.
func (m *Machine) WriteMode(t testing.TB, path string, data []byte, mode os.FileMode) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	if err := m.WriteFile(ctx, path, data, mode); err != nil {
		t.Fatal(err)
	}
}

// MustCopyIn is CopyIn, whose failure ends the test.
func (m *Machine) MustCopyIn(t testing.TB, from, to string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	if err := m.CopyIn(ctx, from, to); err != nil {
		t.Fatal(err)
	}
}

// MustInstall installs the package under test and returns what apt printed.
func (m *Machine) MustInstall(t testing.TB) string {
	t.Helper()
	return m.MustInstallDeb(t, MustDeb(t))
}

// MustInstallDeb installs a package of this host and returns what apt printed.
func (m *Machine) MustInstallDeb(t testing.TB, deb string) string {
	t.Helper()
	out, err := m.TryInstallDeb(t, deb)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// TryInstallDeb installs a package that may not install.
func (m *Machine) TryInstallDeb(t testing.TB, deb string) (output string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	return m.InstallDeb(ctx, deb)
}

// MustReboot is Reboot, whose failure ends the test.
func (m *Machine) MustReboot(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	if err := m.Reboot(ctx); err != nil {
		t.Fatal(err)
	}
}

// MustDeb is the package under test.
func MustDeb(t testing.TB) string {
	t.Helper()
	deb, err := Deb()
	if err != nil {
		t.Fatal(err)
	}
	return deb
}
