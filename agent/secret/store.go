// Package secret keeps the applications' secrets in files that only root can read, in
// the two forms in which systemd hands them over: credentials (LoadCredential=) and
// environment files. Nothing here gives a value back; a version that is random, not
// derived from any value, tells when something changed.
//
// Each secret has an audience and lies in a file of its own, because PID 1 reads a
// unit's files again at every restart: a file that is given to one release never comes
// to hold what is for others. A secret that is withdrawn from somebody moves to a new
// file, out of the reach of the units that name the old one. Secrets from before there
// were audiences stay together in one environment file.
package secret

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/internal/atomicfile"
)

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

// Set makes or changes secrets of an instance, all or none.
func (s *Store) Set(instance string, changes ...Change) error {
	for n, c := range changes {
		if slices.ContainsFunc(changes[:n], func(o Change) bool { return o.Name == c.Name }) {
			return fmt.Errorf("%w: %q is given twice", ErrInvalid, c.Name)
		}
		if c.Keep {
			continue
		}
		if err := check(c.Name, c.Kind, c.Value); err != nil {
			return err
		}
	}
	return s.change(instance, func(i *index) error {
		values := map[string]string{} // by file: nothing is written before all is checked
		for _, c := range changes {
			if err := s.enter(instance, i, c, values); err != nil {
				return err
			}
		}
		for _, secret := range i.Secrets {
			if value, fresh := values[secret.file()]; fresh {
				if err := s.write(instance, secret, value); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// enter makes one change to the index, and notes the value to be written.
func (s *Store) enter(instance string, i *index, c Change, values map[string]string) error {
	next, err := i.next(c)
	if err == nil && c.Keep {
		c.Value, err = s.old(instance, i, c.Name)
	}
	if err != nil {
		return err
	}
	i.Secrets = i.without(c.Name)
	if err := s.checkRoom(instance, *i, next, c.Value, values); err != nil {
		return err
	}
	i.Secrets = append(i.Secrets, next)
	values[next.file()] = c.Value
	return nil
}

// checkRoom refuses a secret that would keep every unit of the instance from starting.
func (s *Store) checkRoom(instance string, others index, next Secret, value string, fresh map[string]string) error {
	room := int64(maxTotal)
	for _, other := range others.Secrets {
		if other.Kind != next.Kind {
			continue
		}
		size := int64(len(fresh[other.file()]))
		if _, ok := fresh[other.file()]; !ok {
			info, err := os.Stat(s.value(instance, other))
			if err != nil {
				return fmt.Errorf("secrets: %w", err)
			}
			size = info.Size()
		}
		room -= int64(len(other.Name)) + size
	}
	if need := int64(len(next.Name) + len(value)); need > room {
		return fmt.Errorf("%w: %d bytes with the name, but there is room for %d: "+
			"the %s secrets of an application have %d bytes at most",
			ErrInvalid, need, max(room, 0), next.Kind, maxTotal)
	}
	return nil
}

// old is the value that a secret has.
func (s *Store) old(instance string, i *index, name string) (string, error) {
	at := slices.IndexFunc(i.Secrets, func(o Secret) bool { return o.Name == name })
	raw, err := os.ReadFile(s.value(instance, i.Secrets[at]))
	return string(raw), err
}

// Remove forgets a secret.
func (s *Store) Remove(instance, name string) error {
	return s.change(instance, func(i *index) error {
		rest := i.without(name)
		if len(rest) == len(i.Secrets) {
			return fmt.Errorf("%w: %q", ErrNotFound, name)
		}
		i.Secrets = rest
		return nil
	})
}

// Copy gives an instance the secrets of another.
func (s *Store) Copy(from, to string) error {
	i, err := s.read(from)
	if err != nil || len(i.Secrets) == 0 {
		return err
	}
	return s.change(to, func(next *index) error {
		next.Secrets = i.Secrets
		for _, secret := range i.Secrets {
			value, err := os.ReadFile(s.value(from, secret))
			if err == nil {
				err = s.write(to, secret, string(value))
			}
			if err != nil {
				return fmt.Errorf("secrets: %w", err)
			}
		}
		return nil
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

// change edits the index and what follows from it. The index is written last: its new
// version is what lets applications be replaced.
func (s *Store) change(instance string, edit func(*index) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.read(instance)
	if err != nil {
		return err
	}
	for _, dir := range []string{"values", "env.d"} {
		if err := os.MkdirAll(filepath.Join(s.folder(instance), dir), 0o700); err != nil {
			return fmt.Errorf("secrets: %w", err)
		}
	}
	before := s.paths(instance, i)
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
	if err := atomicfile.Write(s.index(instance), raw, 0o600); err != nil {
		return err
	}
	return s.removeOld(before, s.paths(instance, i))
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
