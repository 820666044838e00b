package certs

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/certfile"
	"github.com/nexushub/nexushub/internal/readable"
	"github.com/nexushub/nexushub/proxyctl"
)

// fileSet is what is presented from the folder at one time; it does not change.
type fileSet struct {
	stamp  string
	pairs  map[string]*certfile.Pair   // by the path of the certificate
	faults map[string]certfile.Fault   // by path; a pair beside one is older than its file
	byHost map[string][]*certfile.Pair // exact and "*." names; the one that is valid longest first
}

// readFiles reads the folder. For a pair that cannot be used any more the one of old stays,
// also when the whole folder cannot be read: absence of information removes nothing.
func readFiles(opt Options, old *fileSet) *fileSet {
	set := &fileSet{
		stamp: certfile.Stamp(opt.Dir), pairs: map[string]*certfile.Pair{}, faults: map[string]certfile.Fault{},
		byHost: map[string][]*certfile.Pair{},
	}
	folder, err := certfile.ReadFolder(opt.Dir, readable.Self())
	switch {
	case err == nil:
		set.take(folder, old)
	case errors.Is(err, fs.ErrNotExist) && (old == nil || len(old.pairs) == 0):
		// nobody has put a certificate there
	default:
		set.faults[opt.Dir] = certfile.Fault{Path: opt.Dir, Problem: err.Error()}
		if old != nil {
			set.pairs = maps.Clone(old.pairs)
		}
	}
	set.index()
	return set
}

func (f *fileSet) take(folder certfile.Folder, old *fileSet) {
	var before map[string]*certfile.Pair
	if old != nil {
		before = old.pairs
	}
	for _, fault := range folder.Faults {
		f.faults[fault.Path] = fault
		if p := before[fault.Path]; p != nil {
			f.pairs[fault.Path] = p
		}
	}
	now := time.Now()
	for _, p := range folder.Pairs {
		f.pairs[p.Path] = p
		if o := before[p.Path]; o != nil && o.Current(now) && !p.Current(now) {
			f.pairs[p.Path] = o
			f.faults[p.Path] = certfile.Fault{Path: p.Path, Hosts: p.Hosts, Problem: p.Problem(now)}
		}
	}
}

func (f *fileSet) index() {
	for _, p := range f.sorted() {
		for _, host := range p.Hosts {
			f.byHost[host] = append(f.byHost[host], p)
		}
	}
	for _, list := range f.byHost {
		slices.SortStableFunc(list, func(a, b *certfile.Pair) int {
			return b.Cert.Leaf.NotAfter.Compare(a.Cert.Leaf.NotAfter)
		})
	}
}

func (f *fileSet) sorted() []*certfile.Pair {
	return slices.SortedFunc(maps.Values(f.pairs), func(a, b *certfile.Pair) int { return cmp.Compare(a.Path, b.Path) })
}

// find returns the pair for a host: an exact name before a wildcard, and either before one
// that is out of date.
func (f *fileSet) find(host string, now time.Time) *certfile.Pair {
	_, rest, _ := strings.Cut(host, ".")
	exact, wild := best(f.byHost[host], now), best(f.byHost[wildcard(rest)], now)
	if exact == nil || wild != nil && wild.Current(now) && !exact.Current(now) {
		return wild
	}
	return exact
}

// best of those that name the same host.
func best(list []*certfile.Pair, now time.Time) *certfile.Pair {
	for _, p := range list {
		if p.Current(now) {
			return p
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// fallback is the pair for clients that name none of our hosts.
func (f *fileSet) fallback() *certfile.Pair {
	for _, p := range f.pairs {
		if p.Name == certfile.Default {
			return p
		}
	}
	return nil
}

// list describes every pair and every fault, in the order of their paths.
func (f *fileSet) list(now time.Time) (list []proxyctl.CertInfo) {
	for _, p := range f.sorted() {
		i := infoOf(p.Cert, "file", p.Path)
		i.Hosts = slices.Clone(p.Hosts)
		i.Error, i.Note = p.Problem(now), f.note(p, now)
		if fault, ok := f.faults[p.Path]; ok {
			i.Error = fault.Problem + "; the pair from before is presented until the proxy restarts"
		} else if f.idle(p, now) {
			i.Error = ""
		}
		list = append(list, i)
	}
	for path, fault := range f.faults {
		if f.pairs[path] == nil {
			list = append(list, proxyctl.CertInfo{Hosts: fault.Hosts, Source: "file", Path: path, Error: fault.Problem})
		}
	}
	slices.SortFunc(list, func(a, b proxyctl.CertInfo) int { return cmp.Compare(a.Path, b.Path) })
	return list
}

// idle says whether every host of a pair gets another one.
func (f *fileSet) idle(p *certfile.Pair, now time.Time) bool {
	return len(p.Hosts) > 0 && p.Name != certfile.Default && !slices.ContainsFunc(p.Hosts, func(host string) bool {
		return best(f.byHost[host], now) == p
	})
}

// note says which hosts of a pair get another one.
func (f *fileSet) note(p *certfile.Pair, now time.Time) string {
	var notes []string
	for _, host := range p.Hosts {
		if other := best(f.byHost[host], now); other != p {
			notes = append(notes, host+" gets "+other.Path)
		}
	}
	return strings.Join(notes, "; ")
}
