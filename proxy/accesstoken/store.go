// Package accesstoken remembers the access tokens that the proxy has handed out: only
// their SHA-256, on disk before the client gets one, so that a token stays valid
// over a restart until it expires.
package accesstoken

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nexushub/nexushub/internal/atomicfile"
)

type sum [sha256.Size]byte

type grant struct {
	instance string
	expires  time.Time
}

// Store is the set of tokens. Its file has one line per token: sum, instance, expiry
// (unix seconds); it is appended to, and rewritten without the expired ones.
type Store struct {
	path string

	mu     sync.RWMutex // guards the fields that follow
	grants map[sum]grant
	file   *os.File
	torn   bool // the file may end in the middle of a line
}

// Open loads the file at path; there need not be one. Lines that a crash has cut are
// ignored: their token was never handed out. A disk that takes no more keeps nobody
// from using the tokens that are on it.
func Open(path string) (*Store, error) {
	s := &Store{path: path, grants: map[sum]grant{}}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("access tokens: %w", err)
	}
	if err := s.compact(time.Now()); err != nil {
		if err := s.appendOnly(); err != nil {
			return nil, fmt.Errorf("access tokens: %w", err)
		}
	}
	return s, nil
}

// appendOnly keeps using the file as it is.
func (s *Store) appendOnly() (err error) {
	s.torn = true
	s.file, err = os.OpenFile(s.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	return err
}

func (s *Store) load() error {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if k, g, ok := parse(lines.Text()); ok {
			s.grants[k] = g
		}
	}
	return lines.Err()
}

func parse(line string) (k sum, g grant, ok bool) {
	parts := strings.Fields(line)
	if len(parts) != 3 {
		return k, g, false
	}
	raw, err := hex.DecodeString(parts[0])
	unix, err2 := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || err2 != nil || len(raw) != len(k) {
		return k, g, false
	}
	copy(k[:], raw)
	return k, grant{parts[1], time.Unix(unix, 0)}, true
}

func format(k sum, g grant) string {
	return fmt.Sprintf("%x %s %d\n", k, g.instance, g.expires.Unix())
}

// compact drops what has expired and rewrites the file.
func (s *Store) compact(now time.Time) error {
	var b strings.Builder
	for k, g := range s.grants {
		if now.After(g.expires) {
			delete(s.grants, k)
			continue
		}
		b.WriteString(format(k, g))
	}
	if err := atomicfile.Write(s.path, []byte(b.String()), 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if s.file != nil {
		s.file.Close()
	}
	s.file, s.torn = f, false
	return nil
}

// compactAbove keeps the file and the map from growing with tokens long expired.
const compactAbove = 4096

// Grant notes a token for an instance. When it returns, the token is on disk.
func (s *Store) Grant(token, instance string, expires time.Time) error {
	if strings.ContainsAny(instance, " \n") || instance == "" {
		return fmt.Errorf("access tokens: invalid instance %q", instance)
	}
	k, g := sum(sha256.Sum256([]byte(token))), grant{instance, expires}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.grants)%compactAbove == compactAbove-1 {
		s.compact(time.Now()) //nolint:errcheck // the file stays longer than it need be
	}
	if err := s.append(format(k, g)); err != nil {
		return fmt.Errorf("access tokens: %w", err)
	}
	s.grants[k] = g
	return nil
}

func (s *Store) append(line string) error {
	if s.torn {
		line = "\n" + line
	}
	_, err := s.file.WriteString(line)
	if err == nil {
		err = s.file.Sync()
	}
	s.torn = err != nil
	return err
}

// Valid says that the token is unexpired and was granted for the instance; for any
// instance when that is empty.
func (s *Store) Valid(token, instance string) bool {
	if token == "" {
		return false
	}
	s.mu.RLock()
	g, ok := s.grants[sum(sha256.Sum256([]byte(token)))]
	s.mu.RUnlock()
	return ok && (instance == "" || g.instance == instance) && time.Now().Before(g.expires)
}

// Close closes the file.
func (s *Store) Close() error { return s.file.Close() }
