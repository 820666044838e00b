package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// child runs journalctl and hands each record to fn until fn returns false or the
// output ends. The process is gone when it returns.
func child(ctx context.Context, command []string, fn func(*record) bool) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=")
	stderr := &tailBuffer{}
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("journal: start %s: %w", command[0], err)
	}
	done, err := pump(out, fn)
	if done || err != nil {
		cancel() // nobody reads any more
	}
	if exit := cmd.Wait(); err == nil && !done && exit != nil && !noEntries(exit, stderr) {
		err = fmt.Errorf("journal: %s: %w: %s", command[0], exit, stderr)
	}
	return err
}

// pump parses; done says that fn has had enough.
func pump(out io.Reader, fn func(*record) bool) (done bool, err error) {
	in := newExportReader(out)
	for {
		r, err := in.next()
		switch {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, err
		case !fn(r):
			return true, nil
		}
	}
}

// noEntries: journalctl --grep and empty journals end with 1 and nothing to say.
func noEntries(exit error, stderr *tailBuffer) bool {
	var e *exec.ExitError
	return errors.As(exit, &e) && e.ExitCode() == 1 && stderr.empty()
}

// tailBuffer keeps the last kilobyte of what a child complains about.
type tailBuffer struct{ data []byte }

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.data = append(b.data, p...)
	if extra := len(b.data) - 1024; extra > 0 {
		b.data = b.data[extra:]
	}
	return len(p), nil
}

func (b *tailBuffer) empty() bool { return len(bytes.TrimSpace(b.data)) == 0 }

func (b *tailBuffer) String() string { return strings.TrimSpace(string(b.data)) }
