// Package secret keeps the applications' secrets in files that only root can read, in
// the two forms in which systemd hands them over: credentials (LoadCredential=) and an
// environment file. Nothing here gives a value back; a version that is random, not
// derived from any value, tells when something changed.
package secret

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/internal/atomicfile"
)

// Kinds of a secret.
const (
	Env        = "env"
	Credential = "credential"
)

// maxTotal is what systemd passes to one unit as credentials at most.
const maxTotal = 1 << 20

var (
	// ErrInvalid says that a name, kind or value is refused.
	ErrInvalid = errors.New("invalid secret")
	// ErrNotFound says that there is no such secret.
	ErrNotFound = errors.New("no such secret")

	envName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
	credName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
)

// Secret is what may be told of one.
type Secret struct {
	Name      string    `json:"name"`
	Kind      string    `json:"kind"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Files are the root-only files of one instance.
type Files struct {
	EnvFile     string // empty: no secrets of this kind
	Credentials map[string]string
	Version     string // changes with every change; empty: no secrets
}

// index lists an instance's secrets.
type index struct {
	Version string   `json:"version"`
	Secrets []Secret `json:"secrets"`
}

// Store is the folder of all secrets. It is safe for concurrent use.
type Store struct {
	dir string
	mu  sync.Mutex // held during a change
}

// Open returns the store in dir, which only root may enter.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	return &Store{dir: dir}, os.Chmod(dir, 0o700)
}

// Set makes value the secret name of an instance.
func (s *Store) Set(instance, name, kind, value string) error {
	if err := check(name, kind, value); err != nil {
		return err
	}
	return s.change(instance, func(i *index) error {
		i.Secrets = slices.DeleteFunc(i.Secrets, func(o Secret) bool { return o.Name == name })
		i.Secrets = append(i.Secrets, Secret{Name: name, Kind: kind, UpdatedAt: time.Now().UTC()})
		return s.write(instance, name, value)
	})
}

// Remove forgets a secret.
func (s *Store) Remove(instance, name string) error {
	return s.change(instance, func(i *index) error {
		n := len(i.Secrets)
		i.Secrets = slices.DeleteFunc(i.Secrets, func(o Secret) bool { return o.Name == name })
		if len(i.Secrets) == n {
			return fmt.Errorf("%w: %q", ErrNotFound, name)
		}
		return os.Remove(s.value(instance, name))
	})
}

// RemoveAll forgets all secrets of an instance.
func (s *Store) RemoveAll(instance string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return os.RemoveAll(s.folder(instance))
}

// List names the secrets of an instance, sorted.
func (s *Store) List(instance string) ([]Secret, error) {
	i, err := s.read(instance)
	return i.Secrets, err
}

// Files returns what a unit of the instance is to be given.
func (s *Store) Files(instance string) (Files, error) {
	i, err := s.read(instance)
	if err != nil || len(i.Secrets) == 0 {
		return Files{}, err
	}
	f := Files{Version: i.Version}
	for _, secret := range i.Secrets {
		if secret.Kind == Env {
			f.EnvFile = s.envFile(instance)
			continue
		}
		if f.Credentials == nil {
			f.Credentials = map[string]string{}
		}
		f.Credentials[secret.Name] = s.value(instance, secret.Name)
	}
	return f, nil
}

// change edits the index and what follows from it. The index is written last: its new
// version is what lets applications be replaced.
func (s *Store) change(instance string, edit func(*index) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.read(instance)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.folder(instance), "values"), 0o700); err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	if err := edit(&i); err != nil {
		return err
	}
	slices.SortFunc(i.Secrets, func(a, b Secret) int { return cmp.Compare(a.Name, b.Name) })
	if err := s.writeEnv(instance, i); err != nil {
		return err
	}
	i.Version = uuid.NewString()
	raw, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return atomicfile.Write(s.index(instance), raw, 0o600)
}

func (s *Store) read(instance string) (index, error) {
	var i index
	raw, err := os.ReadFile(s.index(instance))
	if errors.Is(err, fs.ErrNotExist) {
		return i, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &i)
	}
	if err != nil {
		return i, fmt.Errorf("secrets of %s: %w", instance, err)
	}
	return i, nil
}

func (s *Store) write(instance, name, value string) error {
	return atomicfile.Write(s.value(instance, name), []byte(value), 0o600)
}

// writeEnv makes the environment file from the values.
func (s *Store) writeEnv(instance string, i index) error {
	var b strings.Builder
	for _, secret := range i.Secrets {
		if secret.Kind != Env {
			continue
		}
		value, err := os.ReadFile(s.value(instance, secret.Name))
		if err != nil {
			return fmt.Errorf("secrets: %w", err)
		}
		b.WriteString(secret.Name + "=" + quote(string(value)) + "\n")
	}
	return atomicfile.Write(s.envFile(instance), []byte(b.String()), 0o600)
}

// quote is the form in which systemd.exec(5) reads any text back.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`).Replace(value) + `"`
}

func check(name, kind, value string) error {
	switch {
	case kind != Env && kind != Credential:
		return fmt.Errorf("%w: kind %q: must be env or credential", ErrInvalid, kind)
	case kind == Env && !envName.MatchString(name), !credName.MatchString(name):
		return fmt.Errorf("%w: name %q: must be made of letters, digits and '_'", ErrInvalid, name)
	case strings.ContainsRune(value, 0):
		return fmt.Errorf("%w: the value must not hold a NUL character", ErrInvalid)
	case len(value) > maxTotal:
		return fmt.Errorf("%w: the value is longer than %d bytes", ErrInvalid, maxTotal)
	}
	return nil
}

func (s *Store) folder(instance string) string  { return filepath.Join(s.dir, instance) }
func (s *Store) index(instance string) string   { return filepath.Join(s.folder(instance), "index.json") }
func (s *Store) envFile(instance string) string { return filepath.Join(s.folder(instance), "env") }
func (s *Store) value(instance, name string) string {
	return filepath.Join(s.folder(instance), "values", name)
}
