package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/internal/atomicfile"
)

// Files are the root-only files of one instance.
type Files struct {
	EnvFiles    []string
	Credentials map[string]string
	Version     string              // changes with every change; empty: no secrets
	Audiences   []audience.Audience // of all secrets of the instance, given or not
	Variables   []string            // names of those that are given in the environment
}

// Files returns what a unit of the instance is to be given that runs what who installed.
func (s *Store) Files(instance string, who audience.Installer) (Files, error) {
	i, err := s.read(instance)
	if err != nil {
		return Files{}, err
	}
	var f Files
	for _, secret := range i.Secrets {
		f.Audiences = append(f.Audiences, secret.Audience)
		if !secret.Audience.Includes(who) {
			continue
		}
		f.Version = i.Version
		if secret.Kind == Credential {
			if f.Credentials == nil {
				f.Credentials = map[string]string{}
			}
			f.Credentials[secret.Name] = s.value(instance, secret)
			continue
		}
		f.Variables = append(f.Variables, secret.Name)
		if file := s.envFile(instance, secret); !slices.Contains(f.EnvFiles, file) {
			f.EnvFiles = append(f.EnvFiles, file)
		}
	}
	return f, nil
}

// paths are the files that the index names.
func (s *Store) paths(instance string, i index) []string {
	all := []string{s.envFile(instance, Secret{})} // always there
	for _, secret := range i.Secrets {
		all = append(all, s.value(instance, secret))
		if secret.Kind == Env {
			all = append(all, s.envFile(instance, secret))
		}
	}
	return all
}

// removeOld removes what nothing names any more.
func (s *Store) removeOld(before, now []string) (err error) {
	for _, path := range before {
		if slices.Contains(now, path) {
			continue
		}
		if e := os.Remove(path); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

func (s *Store) write(instance string, secret Secret, value string) error {
	return atomicfile.Write(s.value(instance, secret), []byte(value), 0o600)
}

// writeEnv makes the environment files from the values.
func (s *Store) writeEnv(instance string, i index) error {
	content := map[string]string{s.envFile(instance, Secret{}): ""}
	for _, secret := range i.Secrets {
		if secret.Kind != Env {
			continue
		}
		value, err := os.ReadFile(s.value(instance, secret))
		if err != nil {
			return fmt.Errorf("secrets: %w", err)
		}
		content[s.envFile(instance, secret)] += secret.Name + "=" + quote(string(value)) + "\n"
	}
	for path, text := range content {
		if err := atomicfile.Write(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// quote is the form in which systemd.exec(5) reads any text back.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`).Replace(value) + `"`
}

func (s *Store) folder(instance string) string { return filepath.Join(s.dir, instance) }
func (s *Store) index(instance string) string  { return filepath.Join(s.folder(instance), "index.json") }

// envFile is the one that the secret is in.
func (s *Store) envFile(instance string, secret Secret) string {
	if len(secret.Audience) == 0 {
		return filepath.Join(s.folder(instance), "env")
	}
	return filepath.Join(s.folder(instance), "env.d", secret.file())
}

func (s *Store) value(instance string, secret Secret) string {
	return filepath.Join(s.folder(instance), "values", secret.file())
}
