package units

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/startcmd"
)

func TestCommand(t *testing.T) {
	release, programs := t.TempDir(), t.TempDir()
	if err := os.Chmod(filepath.Dir(programs), 0o755); err != nil { // as /usr is, not as testing makes it
		t.Fatal(err)
	}
	for _, path := range []string{release + "/server", programs + "/server", programs + "/node"} {
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		spec func(*Spec)
		want string
	}{
		{"relative", func(s *Spec) { s.Exec = []string{"bin/app", "$PORT"} }, release + "/bin/app|$PORT"},
		{"absolute", func(s *Spec) { s.Exec = []string{"/bin/true"} }, "/bin/true"},
		{"of the release before PATH", func(s *Spec) { s.Exec = []string{"server"} }, release + "/server"},
		{"in PATH", func(s *Spec) { s.Exec = []string{"node", "x"} }, programs + "/node|x"},
		{"nowhere", func(s *Spec) { s.Exec = []string{"nodejs"} }, release + "/nodejs"},
		{"PATH of its own", func(s *Spec) {
			s.Exec, s.Env = []string{"node"}, map[string]string{"PATH": "/nonexistent:."}
		}, release + "/node"},
		{"variables", func(s *Spec) {
			s.Expand, s.Exec = true, []string{"bin/app", "$HOST:$PORT", "${STATE_DIRECTORY}/db", "$NAME", "$$"}
			s.Env["NAME"] = "a b $PORT"
		}, release + "/bin/app|hello.yesterday.localhost:10000|" +
			"/var/lib/nexushub-apps/11111111-2222-4333-8444-555555555555/db|a b $PORT|$"},
		{"variable in the program", func(s *Spec) {
			s.Expand, s.Exec, s.Env["TOOL"] = true, []string{"$TOOL"}, "node"
		}, programs + "/node"},
		{"open", func(s *Spec) {
			s.Open, s.Expand, s.Exec = true, true, []string{"bin/app", "$HOST:$PORT", "$NEXUSHUB_HOST"}
		}, release + "/bin/app|127.0.0.1:10000|hello.yesterday.localhost"},
		{"guest", func(s *Spec) {
			s.Network, s.ProxyPort = NetworkGuest, 8443
			s.Expand, s.Exec = true, []string{"server", "$PORT"}
		}, "/app/server|80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := hello()
			s.Directory, s.Env = release, map[string]string{"PATH": programs + ":/nonexistent"}
			c.spec(&s)
			got, err := s.Command(Placement{Port: 10000})
			if err != nil || !slices.Equal(got, strings.Split(c.want, "|")) {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestCommandRefuses(t *testing.T) {
	for name, damage := range map[string]func(*Spec){
		"unknown variable":     func(s *Spec) { s.Exec = []string{"bin/app", "$NAME"} },
		"port of a socket":     func(s *Spec) { s.Exec, s.Network = []string{"bin/app", "$PORT"}, NetworkSocket },
		"no state folder":      func(s *Spec) { s.Exec, s.State = []string{"bin/app", "$STATE_DIRECTORY"}, "" },
		"program that is none": func(s *Spec) { s.Exec, s.Env = []string{"$NAME"}, map[string]string{"NAME": ""} },
	} {
		t.Run(name, func(t *testing.T) {
			s := hello()
			s.Expand = true
			damage(&s)
			if _, err := Properties(s, Placement{Port: 10000}, Capabilities{}); !errors.Is(err, ErrSpec) {
				t.Errorf("Properties: %v, want %v", err, ErrSpec)
			}
			if err := s.checkExecutable(Placement{Port: 10000}); !errors.Is(err, ErrSpec) {
				t.Errorf("checkExecutable: %v, want %v", err, ErrSpec)
			}
		})
	}
}

func TestMissingProgramIsNamedWithWhereItWasLookedFor(t *testing.T) {
	s := hello()
	s.Directory, s.Exec = t.TempDir(), []string{"bin/none"}
	err := s.checkExecutable(Placement{Port: 10000})
	if !errors.Is(err, ErrExec) || strings.Contains(err.Error(), startcmd.SearchPath) {
		t.Errorf("a file of the package: %v", err)
	}
	s.Exec = []string{"no-such-program"}
	err = s.checkExecutable(Placement{Port: 10000})
	if !errors.Is(err, ErrExec) || !strings.Contains(err.Error(), `"no-such-program" is neither`) ||
		!strings.Contains(err.Error(), startcmd.SearchPath) {
		t.Errorf("got %v", err)
	}
}
