package units

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// The proxy's folder is the proxy's: whoever has taken it over gets nothing of the
// host's into a guest, and keeps nobody waiting.
func TestAGuestGetsTheCertificateAndNothingInItsPlace(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("root's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		plant func(cert string) error
		want  string
	}{
		"certificate": {func(cert string) error { return os.WriteFile(cert, []byte("PEM"), 0o644) }, "PEM"},
		"link":        {func(cert string) error { return os.Symlink(secret, cert) }, ""},
		"folder is a link": {func(cert string) error {
			return errors.Join(os.Remove(filepath.Dir(cert)), os.Symlink(filepath.Dir(secret), filepath.Dir(cert)),
				os.Link(secret, filepath.Join(filepath.Dir(secret), "root.crt")))
		}, ""},
		"pipe": {func(cert string) error { return unix.Mkfifo(cert, 0o666) }, ""},
		"endless": {func(cert string) error { return errors.Join(os.WriteFile(cert, nil, 0o644), os.Truncate(cert, 1<<40)) },
			""},
		"nothing": {func(string) error { return nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			if err := errors.Join(os.Mkdir(filepath.Join(from, "ca"), 0o755),
				tt.plant(filepath.Join(from, rootCert))); err != nil {
				t.Fatal(err)
			}
			if err := copyCert(from, to); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(to, rootCert))
			if string(got) != tt.want || (tt.want == "") != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestAProgramThatIsAPipeIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, "app"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := (Spec{Directory: dir, Exec: []string{"app"}}).checkExecutable(Placement{}); !errors.Is(err, ErrExec) {
		t.Error(err)
	}
}
