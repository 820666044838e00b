package units

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/internal/manifest"
)

// Networks an application can ask for.
const (
	NetworkPort   = "port"
	NetworkSocket = "socket"
	NetworkGuest  = "guest"
)

// loosenings are the names of manifest.Sandbox.
var loosenings = []string{"writable_code", "network", "internet", "proc", "namespaces", "devices", "privileged_io",
	"read_home"}

var (
	slugForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)
	idForm   = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// check refuses what systemd would refuse, or take in another sense, before it is asked.
func (s Spec) check(p Placement) error {
	for _, fault := range []error{s.checkNames(), s.checkCommand(), s.checkEnv(), s.checkNetwork(p), s.checkLimits()} {
		if fault != nil {
			return fmt.Errorf("%w: %w", ErrSpec, fault)
		}
	}
	return nil
}

func (s Spec) checkNames() error {
	if !slugForm.MatchString(s.Name) {
		return fmt.Errorf("name %q: must be made of a-z, 0-9 and '-'", s.Name)
	}
	if _, err := uuid.Parse(s.Instance); err != nil || len(s.Instance) != 36 {
		return fmt.Errorf("instance %q: must be a UUID", s.Instance)
	}
	if s.Process != "" && !manifest.IsProcessName(s.Process) || s.Replica < 0 {
		return fmt.Errorf("process %q, replica %d: must be a word and a number", s.Process, s.Replica)
	}
	for _, l := range s.Loosen {
		if !slices.Contains(loosenings, l) {
			return fmt.Errorf("sandbox %q: unknown exception, must be one of %s", l, strings.Join(loosenings, ", "))
		}
	}
	if s.Database != "" && !slugForm.MatchString(s.Database) {
		return fmt.Errorf("database %q: must be made of a-z, 0-9 and '-'", s.Database)
	}
	for _, n := range s.Networks {
		if _, err := netip.ParsePrefix(n); err != nil {
			return fmt.Errorf("network %q: must be an address with a length, such as 10.1.2.0/24", n)
		}
	}
	return nil
}

func (s Spec) checkCommand() error {
	if !filepath.IsAbs(s.Directory) {
		return fmt.Errorf("directory %q: must be an absolute path", s.Directory)
	}
	if len(s.Exec) == 0 || s.Exec[0] == "" {
		return fmt.Errorf("exec: must name a command")
	}
	for _, arg := range s.Exec {
		if !utf8.ValidString(arg) || strings.ContainsRune(arg, 0) {
			return fmt.Errorf("exec: argument %q: must be UTF-8 without NUL", arg)
		}
	}
	return nil
}

func (s Spec) checkEnv() error {
	for k, v := range s.Env {
		if !manifest.IsEnvName(k) {
			return fmt.Errorf("env: name %q: must be made of letters, digits and '_'", k)
		}
		if !utf8.ValidString(v) || strings.ContainsFunc(v, isControl) {
			return fmt.Errorf("env: value of %s: must be UTF-8 without control characters", k)
		}
	}
	for id, path := range s.Credentials {
		if !idForm.MatchString(id) || !filepath.IsAbs(path) {
			return fmt.Errorf("credential %q: must have a plain name and an absolute path", id)
		}
	}
	for _, path := range s.EnvFiles {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("env file %q: must be an absolute path", path)
		}
	}
	return nil
}

// isControl is what systemd refuses in the value of a variable.
func isControl(r rune) bool {
	return (r < ' ' && r != '\t' && r != '\n') || r == 0x7f
}

func (s Spec) checkNetwork(p Placement) error {
	switch {
	case !slices.Contains([]string{NetworkPort, NetworkSocket, NetworkGuest}, s.Network):
		return fmt.Errorf("network %q: must be port, socket or guest", s.Network)
	case s.NeedsPort() && (p.Port < 1 || p.Port > 65535):
		return fmt.Errorf("network %q: port %d: must be from 1 to 65535", s.Network, p.Port)
	case s.Network == NetworkGuest && (s.Domain == "" || s.ProxyPort < 1 || s.ProxyPort > 65535):
		return fmt.Errorf("network %q: needs the domain and the proxy's port", s.Network)
	}
	return nil
}

func (s Spec) checkLimits() error {
	for name, v := range map[string]float64{"start_sec": s.StartSec, "stop_sec": s.StopSec,
		"watchdog_sec": s.WatchdogSec} {
		if !(v >= 0 && v < 1e9) { // also refuses NaN
			return fmt.Errorf("%s %v: must be a number of seconds", name, v)
		}
	}
	if s.CPUQuota < 0 {
		return fmt.Errorf("cpu quota %d %%: must not be negative", s.CPUQuota)
	}
	return nil
}
