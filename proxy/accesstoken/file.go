package accesstoken

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/atomicfile"
)

// file has one line for each grant: sum of the token, instance, expiry (unix seconds). A
// grant that slides has three words more: issue, life in seconds, sum of the session's
// refresh token. One for a person has two more: user, roles. Lines are appended; the last
// one about a token counts.
type file struct {
	path  string
	f     *os.File
	lines int
	torn  bool // it may end in the middle of a line
}

// maxLine is more than a line has; what is longer is read in parts, which are no lines.
const maxLine = 4 << 10

// load ignores what is no line, however long: a power cut can leave a file that ends in zeros.
func (f *file) load(found func(sum, *grant)) error {
	in, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	lines := bufio.NewReaderSize(in, maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		if k, g, ok := parse(string(line)); ok {
			found(k, g)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

func parse(line string) (k sum, g *grant, ok bool) {
	words := strings.Fields(line)
	var who *Identity
	if n := len(words); n == 5 || n == 8 {
		if who, ok = identityOf(words[n-2], words[n-1]); !ok {
			return k, nil, false
		}
		words = words[:n-2]
	}
	if len(words) != 3 && len(words) != 6 {
		return k, nil, false
	}
	expires, ok := parseTime(words[2])
	if !ok || !parseSum(words[0], &k) {
		return k, nil, false
	}
	g = &grant{instance: words[1], expires: expires, who: who}
	if len(words) == 3 {
		return k, g, true
	}
	g.slide = &slide{}
	life, err := strconv.ParseUint(words[4], 10, 32)
	g.slide.life = time.Duration(life) * time.Second
	g.slide.issued, ok = parseTime(words[3])
	return k, g, ok && err == nil && parseSum(words[5], &g.slide.session)
}

func parseTime(word string) (time.Time, bool) {
	unix, err := strconv.ParseInt(word, 10, 64)
	return time.Unix(unix, 0), err == nil
}

func parseSum(word string, k *sum) bool {
	raw, err := hex.DecodeString(word)
	return err == nil && copy(k[:], raw) == len(k) && len(raw) == len(k)
}

func format(k sum, g *grant) string {
	line := fmt.Sprintf("%x %s %d", k, g.instance, g.expires.Unix())
	if g.slide != nil {
		line += fmt.Sprintf(" %d %d %x", g.slide.issued.Unix(), roundUp(g.slide.life), g.slide.session)
	}
	if g.who != nil {
		line += g.who.words()
	}
	return line + "\n"
}

// roundUp keeps a short life from becoming none.
func roundUp(life time.Duration) int64 { return int64((life + time.Second - 1) / time.Second) }

// ended is the line of a grant that has ended before it expired.
func ended(k sum, g *grant) string { return fmt.Sprintf("%x %s 0\n", k, g.instance) }

// appendOnly keeps using the file as it is.
func (f *file) appendOnly() (err error) {
	f.torn = true
	f.f, err = os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	return err
}

// append returns when the lines are on disk.
func (f *file) append(lines string) error {
	n := strings.Count(lines, "\n")
	if f.torn {
		lines = "\n" + lines
	}
	_, err := f.f.WriteString(lines)
	if err == nil {
		err = f.f.Sync()
	}
	f.torn = err != nil
	f.lines += n
	return err
}

// rewrite replaces the content.
func (f *file) rewrite(lines string) error {
	if err := atomicfile.Write(f.path, []byte(lines), 0o600); err != nil {
		return err
	}
	next, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if f.f != nil {
		f.f.Close()
	}
	f.f, f.torn, f.lines = next, false, strings.Count(lines, "\n")
	return nil
}

func (f *file) close() error { return f.f.Close() }

// compact drops what has expired and rewrites the file.
func (s *Store) compact(now time.Time) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.purge(now)
	s.mu.RLock()
	var b strings.Builder
	for k, g := range s.grants {
		b.WriteString(format(k, g))
	}
	s.mu.RUnlock()
	return s.file.rewrite(b.String())
}

// purge ends what has expired, except for what a sweep has to end.
func (s *Store) purge(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, g := range s.grants {
		if s.sliding[k] == nil && !g.alive(now) {
			s.end(k, g)
		}
	}
}

// persist writes those grants that slide and are due.
func (s *Store) persist(due func(*grant) bool) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	lines, written := s.outdated(due)
	if lines == "" {
		return nil
	}
	err := s.file.append(lines)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, g := range written {
			g.slide.changed = true
		}
	}
	return err
}

func (s *Store) outdated(due func(*grant) bool) (lines string, written []*grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for k, g := range s.sliding {
		if due(g) {
			b.WriteString(format(k, g))
			g.slide.onDisk, g.slide.changed = g.expires, false
			written = append(written, g)
		}
	}
	return b.String(), written
}
