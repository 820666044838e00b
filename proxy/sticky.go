package proxy

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/nexushub/nexushub/internal/atomicfile"
	"github.com/nexushub/nexushub/proxy/h1"
)

// replicaCookie begins the name of the cookie that keeps a browser with one replica. By the
// prefix browsers take it from its own host alone and over HTTPS alone. What follows stands for
// the application, as several may have paths of one host.
const replicaCookie = "__Host-NexusHub-Replica-"

// sticky keeps browsers with one target of a set by a cookie. A value stands for a target and
// tells nothing of it; any other is as good as none.
type sticky struct {
	cookie  string
	byValue map[string]*target
	lines   map[*target][]byte // Set-Cookie
}

// newSticky names the cookie and its values by a key of this proxy, so that they stay the same
// when it restarts.
func newSticky(key []byte, instance string, all []*target) *sticky {
	s := &sticky{
		cookie:  replicaCookie + keyed(key, "instance", instance)[:8],
		byValue: make(map[string]*target, len(all)), lines: make(map[*target][]byte, len(all)),
	}
	for _, t := range all {
		value := keyed(key, "target", instance, t.ID, t.Address)[:32]
		s.byValue[value] = t
		s.lines[t] = fmt.Appendf(nil, "%s=%s; Path=/; Secure; HttpOnly; SameSite=Lax", s.cookie, value)
	}
	return s
}

func keyed(key []byte, words ...string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(strings.Join(words, "\x00"))) //nolint:errcheck // never fails
	return hex.EncodeToString(h.Sum(nil))
}

// targetIn is the target that a Cookie header names, nil for none. The first counts whose value
// is one of ours.
func targetIn[T []byte | string](s *sticky, header T) *target {
	for rest := []byte(header); len(rest) > 0; {
		var pair []byte
		pair, rest, _ = bytes.Cut(rest, []byte{';'})
		name, value, _ := bytes.Cut(bytes.Trim(pair, " \t"), []byte{'='})
		if string(name) == s.cookie && s.byValue[string(value)] != nil {
			return s.byValue[string(value)]
		}
	}
	return nil
}

// names says that a pair of a Cookie header is ours, whatever its value is.
func (s *sticky) names(pair []byte) bool {
	name, _, _ := bytes.Cut(pair, []byte{'='})
	return s != nil && string(name) == s.cookie
}

// mayName says that one of the pairs of a Cookie header may be.
func (s *sticky) mayName(header []byte) bool {
	return s != nil && bytes.Contains(header, []byte(replicaCookie))
}

// stick has the browser come back to the target that answers, unless it does anyway. A replica
// that was there and did not answer this one request keeps its browsers.
func (x *exchange) stick(h *h1.Head) {
	s := x.decision.targets.stickiness()
	if s == nil || len(x.decision.targets.all) == 1 || isForSharedCaches(h) {
		return
	}
	if x.pinned != nil && (x.pinned == x.aim.target || x.repeated) {
		return
	}
	h.Fields = append(h.Fields,
		h1.Field{Name: []byte("Set-Cookie"), Value: s.lines[x.aim.target], ID: h1.SetCookie},
		h1.Field{Name: []byte("Cache-Control"), Value: []byte("private")}) // or a cache would give it to others
}

// isForSharedCaches says that an answer is meant to be given to others by caches between us and
// them: it is left as it is.
func isForSharedCaches(h *h1.Head) bool {
	for i := range h.Fields {
		f := &h.Fields[i]
		switch name := strings.ToLower(string(f.Name)); {
		case name == "cache-control":
			value := strings.ToLower(string(f.Value))
			if strings.Contains(value, "public") || strings.Contains(value, "s-maxage") {
				return true
			}
		case strings.HasSuffix(name, "-cache-control"), name == "surrogate-control": // RFC 9213 and its forerunner
			return true
		}
	}
	return false
}

const keySize = 32

// loadKey reads a key of the proxy, or makes one. One that was lost or damaged is replaced: then browsers
// are given new sticky cookies, and assertions have another signature.
func loadKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil && len(key) == keySize {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key = make([]byte, keySize)
	rand.Read(key) //nolint:errcheck // never fails
	return key, atomicfile.Write(path, key, 0o600)
}
