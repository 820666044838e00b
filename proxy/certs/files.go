package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/shell"
)

// pair is one NAME.crt with its NAME.key.
type pair struct {
	path string // of the certificate
	cert *tls.Certificate
}

// fileSet is the content of the folder at one time; it does not change.
type fileSet struct {
	stamp  string
	byName map[string]*pair            // by file name without .crt
	byHost map[string]*tls.Certificate // exact and "*." names
}

// find returns the certificate for a host, the exact name before the wildcard.
func (f *fileSet) find(host string) *tls.Certificate {
	if c := f.byHost[host]; c != nil {
		return c
	}
	if _, rest, ok := strings.Cut(host, "."); ok {
		return f.byHost["*."+rest]
	}
	return nil
}

func (f *fileSet) sorted() []*pair {
	list := make([]*pair, 0, len(f.byName))
	for _, p := range f.byName {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *pair) int { return strings.Compare(a.path, b.path) })
	return list
}

// readDir reads every pair. For one that cannot be used the pair of old stays, and
// the fault is returned under the path of the certificate.
func readDir(dir string, old *fileSet) (*fileSet, map[string]error) {
	set := &fileSet{stamp: stampOf(dir), byName: map[string]*pair{}, byHost: map[string]*tls.Certificate{}}
	faults := map[string]error{}
	paths, _ := filepath.Glob(filepath.Join(dir, "*.crt"))
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".crt")
		p, err := readPair(path)
		if err != nil {
			faults[path] = err
			if old != nil {
				p = old.byName[name]
			}
		}
		if p != nil {
			set.add(name, p)
		}
	}
	return set, faults
}

func (f *fileSet) add(name string, p *pair) {
	f.byName[name] = p
	for _, host := range p.cert.Leaf.DNSNames {
		host = strings.ToLower(host)
		if f.byHost[host] == nil {
			f.byHost[host] = p.cert
		}
	}
}

// errExpired is the one fault that comes with time alone: see Open.
var errExpired = errors.New("expired")

func readPair(path string) (*pair, error) {
	key := strings.TrimSuffix(path, ".crt") + ".key"
	if _, err := os.Stat(key); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("certificate %s: its key %s is missing", path, key)
	}
	c, err := tls.LoadX509KeyPair(path, key)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("certificate %s: %w; make it readable: %s && %s",
			path, err, shell.Command("chgrp _nexushub-proxy", key), shell.Command("chmod 0640", key))
	}
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", path, err)
	}
	if now := time.Now(); now.After(c.Leaf.NotAfter) {
		return nil, fmt.Errorf("certificate %s: %w on %s", path, errExpired, c.Leaf.NotAfter.Format(time.DateOnly))
	}
	return &pair{path: path, cert: &c}, nil
}

// stampOf changes when a file of the folder does.
func stampOf(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}
