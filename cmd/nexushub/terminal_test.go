package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/api"
)

const apps = `[{"name":"shop","state":"running","health":{"status":"healthy"},"url":"https://shop.example.org/"},
 {"name":"blog","state":"failed","health":{},"url":"https://blog.example.org/"},
 {"name":"wiki","state":"stopped","health":{},"url":""}]`

// A terminal gets colours and a pipe none, nor does a terminal that does not want them.
func TestTerminalAndPipe(t *testing.T) {
	socket := serveUnix(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, apps) })
	for _, c := range []struct {
		golden   string
		terminal bool
		env      [2]string
		args     []string
	}{
		{"pipe", false, [2]string{"TERM", "xterm"}, []string{"list"}},
		{"terminal", true, [2]string{"TERM", "xterm"}, []string{"list"}},
		{"pipe", true, [2]string{"NO_COLOR", "1"}, []string{"list"}},
		{"pipe", true, [2]string{"TERM", "dumb"}, []string{"list"}},
		{"pipe.json", true, [2]string{"TERM", "xterm"}, []string{"list", "--json"}},
		{"top", true, [2]string{"TERM", "xterm"}, []string{"top", "--frames", "1", "--every", "100ms"}},
	} {
		t.Setenv("TERM", "xterm")
		t.Setenv("NO_COLOR", "")
		t.Setenv(c.env[0], c.env[1])
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
		got := capture(t, c.terminal, func(out *os.File) {
			if code := run(t.Context(), append(c.args, "--socket", socket), strings.NewReader(""), out, io.Discard); code != 0 {
				t.Errorf("%v: exit code %d", c.args, code)
			}
		})
		golden(t, filepath.Join("testdata", "terminal", c.golden), got)
	}
}

// A log keeps the colours of its application on a terminal that wants them, and nothing else.
func TestColoursOfALog(t *testing.T) {
	const message = "\x1b[1;32mready\x1b[0m in \x1b[33m3 s\x1b[2J"
	socket := serveUnix(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		entry, err := json.Marshal(api.LogEntry{Message: message})
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, "event: log\ndata: %s\n\n", entry)
	})
	for _, c := range []struct {
		terminal bool
		noColour string
		want     string
	}{
		{true, "", "\x1b[1;32mready\x1b[0m in \x1b[33m3 s\\x1b[2J\x1b[0m\n"},
		{true, "1", "ready in 3 s\\x1b[2J\n"},
		{false, "", "ready in 3 s\\x1b[2J\n"},
	} {
		t.Setenv("TERM", "xterm")
		t.Setenv("NO_COLOR", c.noColour)
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
		got := capture(t, c.terminal, func(out *os.File) {
			run(t.Context(), []string{"logs", "-o", "cat", "x", "--socket", socket}, strings.NewReader(""), out, t.Output())
		})
		if string(got) != c.want {
			t.Errorf("terminal %v, NO_COLOR=%s: %q, want %q", c.terminal, c.noColour, got, c.want)
		}
	}
}

// Everything the commands say about themselves, as one would read it.
func TestHelp(t *testing.T) {
	var all bytes.Buffer
	for _, cmd := range leaves(testCLI().root()) {
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		fmt.Fprintf(&all, "$ nexushub %s\n", strings.Join(args, " "))
		code, stdout, stderr := call(t, args...)
		if code != 0 || stderr != "" {
			t.Errorf("%v: exit code %d, says %q", args, code, stderr)
		}
		text, _, found := strings.Cut(stdout, "\nGlobal Flags:\n")
		if !found {
			t.Errorf("%v: does not name the global flags", args)
		}
		all.WriteString(text + "\n")
	}
	golden(t, filepath.Join("testdata", "help.txt"), all.Bytes())
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %v: got\n%s\nwant\n%s\n(go test -update rewrites it)", path, err, got, want)
	}
}

// capture returns what do prints to a terminal or a pipe.
func capture(t *testing.T, terminal bool, do func(*os.File)) []byte {
	t.Helper()
	in, out, err := os.Pipe()
	if terminal {
		in, out, err = openTerminal()
	}
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte)
	go func() {
		data, _ := io.ReadAll(in) // a terminal ends with EIO
		read <- data
	}()
	do(out)
	out.Close()
	data := <-read
	in.Close()
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}

// openTerminal opens a pseudo-terminal, see pts(4).
func openTerminal() (master, terminal *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	return master, terminal, err
}
