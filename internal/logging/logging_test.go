package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestWithoutJournalWritesJSON(t *testing.T) {
	var out bytes.Buffer
	log, level, err := New("warn", &out)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("not shown")
	level.Set(slog.LevelInfo)
	log.Info("shown", "port", 10000)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	if line["msg"] != "shown" || line["port"] != 10000.0 {
		t.Errorf("line %v", line)
	}
}

func TestUnknownLevelIsAnError(t *testing.T) {
	if _, _, err := New("loud", &bytes.Buffer{}); err == nil {
		t.Error("accepted")
	}
}

// journald's end of the socket.
func listen(t *testing.T) (*net.UnixConn, *journalHandler) {
	t.Helper()
	addr := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "socket"), Net: "unixgram"}
	server, err := net.ListenUnixgram("unixgram", addr)
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.DialUnix("unixgram", nil, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close(); client.Close() })
	return server, &journalHandler{level: slog.LevelInfo, conn: client}
}

func TestJournalFields(t *testing.T) {
	server, h := listen(t)
	log := slog.New(h).With("app", "hello").WithGroup("task")
	log.Error("start failed", "reason", "no such\nfile", "error", errors.New("exit 3"))
	buf := make([]byte, 4096)
	n, err := server.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	got := string(buf[:n])
	for _, want := range []string{
		"PRIORITY=3\n", "NEXUSHUB_APP=hello\n", "NEXUSHUB_TASK_ERROR=exit 3\n",
		"NEXUSHUB_TASK_REASON\n\x0c\x00\x00\x00\x00\x00\x00\x00no such\nfile\n", "start failed", "exit 3",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

// TestErrorThatDidNotHappen is not spoken of: "<nil>" tells an operator nothing.
func TestErrorThatDidNotHappen(t *testing.T) {
	server, h := listen(t)
	slog.New(h).Info("stopped; applications keep running", "error", error(nil), "reason", "asked to")
	buf := make([]byte, 4096)
	n, err := server.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(buf[:n]); strings.Contains(got, "nil") || strings.Contains(got, "ERROR") ||
		!strings.Contains(got, "MESSAGE=stopped; applications keep running reason=\"asked to\"\n") {
		t.Errorf("got %q", got)
	}
}

func TestJournalTakesWhatNoDatagramHolds(t *testing.T) {
	server, h := listen(t)
	if err := h.send([]byte("MESSAGE=" + strings.Repeat("x", 1<<20) + "\n")); err != nil {
		t.Fatal(err)
	}
	oob := make([]byte, 128)
	n, oobn, _, _, err := server.ReadMsgUnix(make([]byte, 16), oob)
	if err != nil || n != 0 || oobn == 0 {
		t.Errorf("got %d bytes, %d control bytes, %v; want a file descriptor alone", n, oobn, err)
	}
}

func TestFatalLineNameTheProgramOnEveryLine(t *testing.T) {
	var out bytes.Buffer
	FatalLine(&out, "nexushubd", errors.New("one\ntwo"))
	if out.String() != "nexushubd: one\nnexushubd: two\n" {
		t.Errorf("got %q", out.String())
	}
}
