// Package profile keeps what `nexushub login` learned: for each host its token and the
// certificate authority to trust, in a file that its owner alone can read.
package profile

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/shell"
)

// ErrForeign says that a profile, or the folder for it, is another user's.
var ErrForeign = errors.New("belongs to another user")

// Profile is the file's content.
type Profile struct {
	Default string          `json:"default"` // the host to use when none is named
	Hosts   map[string]Host `json:"hosts"`
}

// Host is one API host.
type Host struct {
	URL    string `json:"url"`
	Token  string `json:"token"`
	CACert string `json:"ca_cert,omitempty"` // PEM
	// Role is that of the token, for life; none: it opens the API of debug applications alone.
	Role api.Role `json:"role,omitempty"`
}

// Path is $XDG_CONFIG_HOME/nexushub/profile.json.
func Path() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "nexushub", "profile.json"), nil
}

// Load reads the profile; one that is not there is empty, one that others can read is
// an error, since it holds tokens, and so is another user's: `sudo -E` keeps his HOME.
func Load(path string) (Profile, error) {
	p := Profile{Hosts: map[string]Host{}}
	f, info, err := beneath.Named(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	defer f.Close()
	if err := own(path, info); err != nil {
		return p, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return p, fmt.Errorf("%s has mode %04o and holds tokens: %s", path, mode, shell.Command("chmod 600", path))
	}
	data, err := io.ReadAll(f)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	if p.Hosts == nil {
		p.Hosts = map[string]Host{}
	}
	return p, nil
}

// own says whether a file or folder is the caller's, who must not follow or leave
// anything in another user's home.
func own(path string, info fs.FileInfo) error {
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s %w (uid %d): set HOME to your own (sudo -H), or run this as that user", path, ErrForeign, s.Uid)
	}
	return nil
}

// Save replaces the file.
func (p Profile) Save(path string) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	dir, err := folder(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Replace(filepath.Base(path), bytes.NewReader(append(data, '\n')), 0o600), dir.Close())
}

// folder opens the profile's folder, and makes it and those above it where they are
// missing; what is there must be the caller's own.
func folder(name string) (*beneath.Dir, error) {
	dir, err := beneath.Folder(name)
	if errors.Is(err, fs.ErrNotExist) && name != filepath.Dir(name) {
		parent, err := folder(filepath.Dir(name))
		if err != nil {
			return nil, err
		}
		defer parent.Close()
		if err := parent.MkdirAll(filepath.Base(name), 0o700); err != nil {
			return nil, err
		}
		return parent.Dir(filepath.Base(name))
	}
	if err != nil {
		return nil, err
	}
	info, err := dir.Stat()
	if err == nil {
		err = own(name, info)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}

// Roots are the authorities that vouch for the host: the system's, and its own.
func (h Host) Roots() (*x509.CertPool, error) {
	if h.CACert == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM([]byte(h.CACert)) {
		return nil, errors.New("the CA file given at login contains no certificate")
	}
	return pool, nil
}
