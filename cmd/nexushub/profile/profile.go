// Package profile keeps what `nexushub login` learned: for each host its token and the
// certificate authority to trust, in a file that its owner alone can read.
package profile

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nexushub/nexushub/internal/atomicfile"
)

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
// an error, since it holds tokens.
func Load(path string) (Profile, error) {
	p := Profile{Hosts: map[string]Host{}}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return p, fmt.Errorf("%s has mode %04o and holds tokens: chmod 600 %s", path, mode, path)
	}
	data, err := os.ReadFile(path)
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

// Save replaces the file.
func (p Profile) Save(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(data, '\n'), 0o600)
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
		return nil, errors.New("the certificate authority given at login holds no certificate")
	}
	return pool, nil
}
