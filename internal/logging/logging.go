// Package logging gives every daemon one slog.Logger: native journal fields when the
// journal is there (so `journalctl -u UNIT TRACE_ID=...` finds a line), JSON lines on stderr
// when not. Attribute keys become upper-case field names with the prefix NEXUSHUB_,
// except the few that the journal knows (MESSAGE_ID, TRACE_ID).
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// New returns a logger of the given level (debug, info, warn, error). Under systemd
// (stderr is the journal, JOURNAL_STREAM) it writes native entries, else JSON lines
// to stderr. The LevelVar lets a reload change the level.
func New(level string, stderr io.Writer) (*slog.Logger, *slog.LevelVar, error) {
	v := &slog.LevelVar{}
	if err := v.UnmarshalText([]byte(level)); err != nil {
		return nil, nil, fmt.Errorf("logging: level %q: must be debug, info, warn or error", level)
	}
	if !underJournal(stderr) {
		return slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: v})), v, nil
	}
	h, err := dialJournal(v)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(h), v, nil
}

// FatalLine writes why a program ends, to be called by main alone. Under systemd every
// line is marked as an error (sd-daemon(3)), so that `journalctl -p err` shows it.
func FatalLine(stderr io.Writer, program string, err error) {
	mark := ""
	if underJournal(stderr) {
		mark = "<3>"
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "%s%s: %s\n", mark, program, strings.TrimSuffix(line, "\n"))
	}
}
