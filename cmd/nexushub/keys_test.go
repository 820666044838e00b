package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sys/unix"
)

// end marks the end of what a command shows.
const end = 0

// session is a command in a terminal, and somebody who presses keys there.
type session struct {
	keys, tty *os.File
	agent     *fakeAgent
	stderr    bytes.Buffer
	shown     chan string
	code      chan int
}

// inTerminal runs a command with the files and the agent of a script.
func inTerminal(t *testing.T, script string, args ...string) *session {
	t.Helper()
	dir := t.TempDir()
	archive, err := txtar.ParseFile(filepath.Join(scripts, script))
	if err == nil {
		err = txtar.Write(archive, dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	s := &session{agent: newAgent(filepath.Join(dir, "agent")), shown: make(chan string, 1), code: make(chan int, 1)}
	socket := serveUnix(t, s.agent.ServeHTTP)
	if s.keys, s.tty, err = openTerminal(); err != nil {
		t.Fatal(err)
	}
	go func() {
		data, _ := bufio.NewReader(s.keys).ReadString(end)
		s.shown <- data
	}()
	go func() { s.code <- run(t.Context(), append(args, "--socket", socket), s.tty, s.tty, &s.stderr) }()
	return s
}

func (s *session) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := io.WriteString(s.keys, keys); err != nil {
		t.Fatal(err)
	}
}

func (s *session) waitFor(t *testing.T, request string, times int) {
	t.Helper()
	if err := s.agent.waitFor(request, times); err != nil {
		t.Fatal(err)
	}
}

// echoes says whether the terminal shows what is typed.
func (s *session) echoes(t *testing.T) bool {
	t.Helper()
	mode, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return mode.Lflag&unix.ECHO != 0
}

// waitUntilQuiet returns when the command has taken the terminal over.
func (s *session) waitUntilQuiet(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); s.echoes(t); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the command has not taken the terminal over")
		}
	}
}

// ends returns what the command printed; the terminal must be as it was.
func (s *session) ends(t *testing.T, code int) (shown string) {
	t.Helper()
	if got := <-s.code; got != code {
		t.Errorf("exit code %d, want %d; said %s", got, code, s.stderr.String())
	}
	if !s.echoes(t) {
		t.Error("the terminal does not show what is typed")
	}
	if _, err := s.tty.Write([]byte{end}); err != nil {
		t.Fatal(err)
	}
	shown = <-s.shown
	s.keys.Close() // which ends a read from the terminal that the command has left behind
	s.tty.Close()
	return shown
}

func TestDevTakesKeys(t *testing.T) {
	s := inTerminal(t, "dev.txtar", "dev", "shop", "--build", "echo built >>../builds")
	s.waitUntilQuiet(t)
	s.waitFor(t, "POST /debug/application/7b/install", 1)
	s.press(t, "x") // means nothing
	s.waitFor(t, "GET /debug/application/7b/logs", 1)
	s.press(t, "r")
	s.waitFor(t, "POST /debug/application/7b/install", 2)
	s.press(t, "q")
	if shown := s.ends(t, 0); !strings.Contains(shown, "https://dev.example.org:8443/") {
		t.Errorf("shows %q", shown)
	}
	s.waitFor(t, "DELETE /debug/application/7b", 1)
	if builds, err := os.ReadFile("builds"); string(builds) != "built\nbuilt\n" {
		t.Errorf("built %q, %v", builds, err)
	}
	if said := s.stderr.String(); !strings.Contains(said, "R: rebuild and redeploy, Q: stop, remove and exit") {
		t.Errorf("says %q", said)
	}
}

func TestTopEndsWithQ(t *testing.T) {
	s := inTerminal(t, "list.txtar", "top", "--every", "100ms")
	s.waitUntilQuiet(t)
	s.waitFor(t, "GET /v1/apps", 3)
	s.press(t, "q")
	if shown := s.ends(t, 0); !strings.Contains(shown, "shop") {
		t.Errorf("shows %q", shown)
	}
}

func TestASecretIsNotShown(t *testing.T) {
	s := inTerminal(t, "secrets.txtar", "secret", "set", "shop", "API_KEY")
	s.waitUntilQuiet(t)
	s.press(t, "hush\n")
	if shown := s.ends(t, 0); strings.Contains(shown, "hush") {
		t.Errorf("shows %q", shown)
	}
	s.waitFor(t, `PUT /v1/apps/shop/secrets {"name":"API_KEY","kind":"env","value":"hush"}`, 1)
	if said := s.stderr.String(); !strings.HasPrefix(said, "value of API_KEY: ") {
		t.Errorf("says %q", said)
	}
}
