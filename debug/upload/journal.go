package upload

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// journal is the append-only list of acknowledged chunks.
type journal struct {
	mu sync.Mutex // one line at a time
	f  *os.File
}

// bootID changes with every boot: lines of another boot may lack their data.
func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
}

// openJournal appends to path, beginning with this boot's name.
func openJournal(path string) (*journal, error) {
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	// A line torn by a crash must not swallow the next one.
	if _, err := fmt.Fprintf(f, "\nboot %s\n", boot); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &journal{f: f}, nil
}

func (j *journal) append(c chunk) error {
	j.mu.Lock()
	_, err := j.f.WriteString(c.line())
	j.mu.Unlock()
	if err != nil {
		return err
	}
	return unix.Fdatasync(int(j.f.Fd()))
}

func (j *journal) Close() error { return j.f.Close() }

// replay reads the chunks back in the order of their lines. suspect is called for
// those of an earlier boot and says whether their data is really there.
func replay(path string, intact func(chunk) bool) (map[int]chunk, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[int]chunk{}, nil
	}
	if err != nil {
		return nil, err
	}
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	return replayLines(bytes.NewReader(data), boot, intact)
}

func replayLines(r io.Reader, boot string, intact func(chunk) bool) (map[int]chunk, error) {
	chunks := map[int]chunk{}
	suspect := true
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "boot "); ok {
			suspect = name != boot
			continue
		}
		c, ok := parseLine(lines.Text())
		if ok && (!suspect || intact(c)) {
			chunks[c.index] = c
		}
	}
	return chunks, lines.Err()
}
