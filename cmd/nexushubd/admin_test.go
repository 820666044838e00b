package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// The folder is the proxy's: nothing there keeps the agent waiting or leads it elsewhere.
func TestTheProxysRootIsReadWithCare(t *testing.T) {
	dir := t.TempDir()
	cert := filepath.Join(dir, "ca/root.crt")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := errors.Join(os.Mkdir(filepath.Dir(cert), 0o755), unix.Mkfifo(cert, 0o666),
		os.WriteFile(secret, []byte("root's"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if got := proxysRoot(dir); got != nil {
		t.Errorf("a FIFO: %q", got)
	}
	if err := errors.Join(os.Remove(cert), os.Symlink(secret, cert)); err != nil {
		t.Fatal(err)
	}
	if got := proxysRoot(dir); got != nil {
		t.Errorf("a link: %q", got)
	}
	if err := errors.Join(os.Remove(cert), os.WriteFile(cert, []byte("PEM"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if got := proxysRoot(dir); string(got) != "PEM" {
		t.Errorf("%q", got)
	}
}
