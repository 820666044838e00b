package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// administrator is the user and the role that Debian's package makes.
const administrator = "postgres"

// tool is one run of a program of PostgreSQL's, in a unit of its own.
type tool struct {
	user    string
	dynamic bool // an application's user, which exists only while something runs as it
	argv    []string
	limit   time.Duration // 0: none
	in      io.Reader
	out     io.Writer // nil: it is returned
}

const scriptLimit = 30 * time.Second

// psql runs a script of ours. It reads no file of a user's, asks for no password, and stops
// at the first fault.
func psql(database, script string, vars ...string) tool {
	argv := []string{"psql", "--no-psqlrc", "--no-password", "--quiet", "--no-align", "--tuples-only",
		"--set=ON_ERROR_STOP=1", "--dbname=" + database}
	for i := 0; i < len(vars); i += 2 {
		argv = append(argv, "--set="+vars[i]+"="+vars[i+1])
	}
	text, err := scripts.ReadFile("sql/" + script + ".sql")
	if err != nil {
		panic(err) // a name of ours, of a file that is part of the program
	}
	return tool{argv: append(argv, "--file=-"), in: bytes.NewReader(text), limit: scriptLimit}
}

func asAdministrator(script string, vars ...string) tool {
	t := psql(administrator, script, vars...)
	t.user = administrator
	return t
}

func asApplication(d Database, t tool) tool {
	t.user, t.dynamic = d.User, true
	return t
}

// sandbox leaves a program the server's socket, and what is on its standard input and output.
var sandbox = []string{
	"NoNewPrivileges=yes", "CapabilityBoundingSet=", "PrivateUsers=yes", "ProtectSystem=strict", "ProtectHome=yes",
	"PrivateTmp=yes", "PrivateDevices=yes", "PrivateNetwork=yes", "PrivateIPC=yes", "ProtectProc=invisible",
	"ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes",
	"ProtectClock=yes", "ProtectHostname=yes", "RestrictAddressFamilies=AF_UNIX", "RestrictNamespaces=yes",
	"RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes", "MemoryDenyWriteExecute=yes",
	"SystemCallArchitectures=native", "SystemCallFilter=@system-service", "SystemCallFilter=~@resources",
	"SystemCallErrorNumber=EPERM",
	"InaccessiblePaths=-/run/dbus -/run/systemd/private -/run/nexushub -/run/nexushub-proxy",
	"UMask=0077", "MemoryMax=512M", "TasksMax=32", "CollectMode=inactive-or-failed",
	"Environment=PGHOST=" + Socket + " PGCONNECT_TIMEOUT=10 PGPASSFILE=/dev/null PGSERVICEFILE=/dev/null " +
		"PGAPPNAME=nexushub HOME=/tmp LC_ALL=C.UTF-8",
}

// command is the line that PID 1 is asked with.
func (t tool) command(unit string) []string {
	argv := []string{"systemd-run", "--quiet", "--wait", "--pipe", "--service-type=exec", "--unit=" + unit,
		"--description=PostgreSQL of a NexusHub application", "--property=User=" + t.user,
		"--property=Environment=PGUSER=" + t.user}
	if t.dynamic {
		argv = append(argv, "--property=DynamicUser=yes")
	}
	if t.limit > 0 {
		argv = append(argv, fmt.Sprintf("--property=RuntimeMaxSec=%d", int(t.limit.Seconds())))
	}
	for _, p := range sandbox {
		argv = append(argv, "--property="+p)
	}
	return append(append(argv, "--"), t.argv...)
}

// failure is how a program ended, and the last of what it said.
type failure struct {
	code int
	said string
}

func (f *failure) Error() string {
	if f.said != "" {
		return f.said
	}
	return fmt.Sprintf("exit status %d", f.code)
}

// noConnection is what psql exits with when it cannot connect.
const noConnection = 2

// runTool returns what the program has written, without the last line's end.
func runTool(ctx context.Context, t tool) (string, error) {
	if t.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 2*t.limit) // PID 1 may be busy
		defer cancel()
	}
	var out, said bytes.Buffer
	line := t.command("nexushub-postgresql-" + strings.ToLower(rand.Text()) + ".service")
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = t.in, &out, &said
	if t.out != nil {
		cmd.Stdout = t.out
	}
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return "", &failure{exit.ExitCode(), lastWords(said.String())}
	}
	return strings.TrimSuffix(out.String(), "\n"), err
}

// lastWords is the end of what a program said, as one line.
func lastWords(text string) string {
	const most = 400
	words := strings.Join(strings.Fields(text), " ")
	if len(words) > most {
		words = "..." + words[len(words)-most:]
	}
	return words
}

// explain says what is missing where the server could not be reached.
func (s *Server) explain(err error) error {
	var f *failure
	if !errors.As(err, &f) {
		return err
	}
	if installed := s.installed(); installed != nil {
		return installed
	}
	if f.code == noConnection {
		return fmt.Errorf("PostgreSQL does not answer on this host; to start it: systemctl start postgresql (%w)", err)
	}
	return fmt.Errorf("PostgreSQL: %w", err)
}

// serverPrograms are where Debian's packages have them, one version beside the other.
const serverPrograms = "usr/lib/postgresql/*/bin/postgres"

// installed says what is not.
func (s *Server) installed() error {
	switch {
	case !s.has(serverPrograms):
		return errors.New("PostgreSQL is not installed on this host: apt install postgresql")
	case !s.has("lib/*/libnss_systemd.so.2") && !s.has("usr/lib/*/libnss_systemd.so.2"), !s.resolvesUsers():
		return errors.New("PostgreSQL cannot tell the applications of this host apart without libnss-systemd: " +
			"apt install libnss-systemd")
	}
	return nil
}

func (s *Server) has(pattern string) bool {
	found, err := filepath.Glob(filepath.Join(s.root, pattern))
	return err == nil && len(found) > 0
}

// resolvesUsers says whether the host's name service asks systemd, which libnss-systemd's
// installation writes down.
func (s *Server) resolvesUsers() bool {
	text, err := os.ReadFile(filepath.Join(s.root, "etc/nsswitch.conf"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 0 && words[0] == "passwd:" {
			return strings.Contains(line, "systemd")
		}
	}
	return false
}
