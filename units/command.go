package units

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/startcmd"
)

// Command is the argv of a revision at this place: the program with an absolute path, as
// the application sees it, and values for the variables if the Spec expands them. Errors
// wrap ErrSpec.
func (s Spec) Command(place Placement) ([]string, error) {
	argv, err := s.expanded(place)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	path, own := s.program(argv[0])
	if own {
		path = filepath.Join(s.root(), argv[0])
	}
	return append([]string{path}, argv[1:]...), nil
}

func (s Spec) expanded(place Placement) ([]string, error) {
	if !s.Expand {
		return s.Exec, nil
	}
	argv, err := startcmd.Expand(s.Exec, s.variables(place))
	if err == nil && argv[0] == "" {
		err = fmt.Errorf("exec: %q: is empty, it must name a command", s.Exec[0])
	}
	return argv, err
}

// variables are what a start command can name: plain configuration, and where to listen
// and write. No secret is among them.
func (s Spec) variables(place Placement) map[string]string {
	vars := s.configured()
	maps.Copy(vars, s.host())
	if port := s.port(place); port != "" {
		vars["PORT"] = port
	}
	if s.State != "" {
		vars["STATE_DIRECTORY"] = "/var/lib/" + s.State
	}
	return vars
}

// host is the name under which clients come and, for an application that is open, the
// address to listen on: most frameworks bind to HOST. With areas HOST is the name.
func (s Spec) host() map[string]string {
	if s.Open {
		return map[string]string{"HOST": "127.0.0.1", "NEXUSHUB_HOST": s.HostName}
	}
	return map[string]string{"HOST": s.HostName}
}

// Variables are the names that a start command can use, sorted.
func (s Spec) Variables() []string {
	return slices.Sorted(maps.Keys(s.variables(Placement{})))
}

// port is where the application listens; empty where it gets its socket from PID 1.
func (s Spec) port(place Placement) string {
	switch {
	case !s.NeedsPort():
		return ""
	case s.Network == NetworkGuest:
		return "80"
	}
	return strconv.Itoa(place.Port)
}

// program is the file that is executed, as the host sees it; own says that it is the
// release's. A name without a slash that is no file of the release is looked for in PATH,
// as a shell does.
func (s Spec) program(name string) (path string, own bool) {
	path = filepath.Join(s.Directory, name)
	switch {
	case filepath.IsAbs(name):
		return name, false
	case strings.Contains(name, "/") || isFile(path):
		return path, true
	}
	if found := startcmd.Look(name, s.searchPath()); found != "" {
		return found, false
	}
	return path, true
}

func (s Spec) searchPath() string { return cmp.Or(s.Env["PATH"], startcmd.SearchPath) }

func isFile(path string) bool {
	f, _, err := beneath.Regular(path)
	return err == nil && f.Close() == nil
}

// checkExecutable finds what would fail after the fork, where PID 1 could only say 203.
func (s Spec) checkExecutable(place Placement) error {
	argv, err := s.expanded(place)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSpec, err)
	}
	path, own := s.program(argv[0])
	f, info, err := beneath.Regular(path)
	switch {
	case errors.Is(err, fs.ErrInvalid):
		return fmt.Errorf("%w: %s is not a regular file", ErrExec, path)
	case errors.Is(err, fs.ErrNotExist) && own && !strings.Contains(argv[0], "/"):
		return fmt.Errorf("%w: %q is neither a file of the package nor a program in %s: install it on this host, "+
			"or write where it is", ErrExec, argv[0], s.searchPath())
	case err != nil:
		return fmt.Errorf("%w: %w", ErrExec, err)
	}
	defer f.Close()
	if info.Mode()&0o111 == 0 {
		return fmt.Errorf("%w: %s has no execute permission (mode %04o)", ErrExec, path, info.Mode().Perm())
	}
	return checkInterpreter(f)
}

// checkInterpreter looks at the program named in the first line of a script.
func checkInterpreter(f *os.File) error {
	head := make([]byte, 256) // as much as the kernel looks at
	n, _ := f.Read(head)
	line, isScript := strings.CutPrefix(string(head[:n]), "#!")
	line, _, _ = strings.Cut(line, "\n")
	words := strings.Fields(line)
	if !isScript || len(words) == 0 {
		return nil
	}
	if _, err := os.Stat(words[0]); err != nil {
		return fmt.Errorf("%w: %s: its interpreter: %w", ErrExec, f.Name(), err)
	}
	return nil
}
