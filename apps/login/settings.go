package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nexushub/nexushub/internal/hostname"
)

// settings come from what every instance sees; ADMIN_INSTANCE says which one is the admin
// application, where that has another id than by default.
type settings struct {
	host, state, admin          string
	internalSecret, proxySecret string
}

const defaultAdmin = "18736e4f-93f9-4606-a7be-863c7986ea5b"

func settingsFrom(getenv func(string) string) (s settings, err error) {
	s = settings{
		state: getenv("STATE_DIRECTORY"), internalSecret: getenv("INTERNAL_SECRET"),
		admin: cmp.Or(getenv("ADMIN_INSTANCE"), defaultAdmin),
	}
	if s.state == "" {
		return s, errors.New("STATE_DIRECTORY is not set: there is no place for the accounts")
	}
	if s.host, err = hostname.Parse(getenv("HOST")); err != nil {
		return s, fmt.Errorf("HOST: %w", err)
	}
	s.proxySecret, err = credential(getenv("CREDENTIALS_DIRECTORY"), "proxy-secret")
	return s, err
}

// credential reads one that may be missing. One that cannot be read must not be taken for that.
func credential(folder, name string) (string, error) {
	if folder == "" {
		return "", nil
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	value := strings.TrimSpace(string(text))
	if err == nil && value == "" {
		err = fmt.Errorf("the credential %s is empty", name)
	}
	return value, err
}
