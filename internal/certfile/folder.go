package certfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/nexushub/nexushub/internal/readable"
)

// Folder is what a folder held at one time.
type Folder struct {
	Pairs  []*Pair // by path
	Faults []Fault // by path; what has a fault is in no pair
}

// names are the names that are taken, for a message.
const names = "only NAME.crt with NAME.key is read"

// ReadFolder reads every pair for a user: what he may not read is a fault, also where the
// caller may. The error is about the folder as a whole, which then tells nothing.
func ReadFolder(dir string, who readable.User) (Folder, error) {
	r := reader{dir: dir, who: who}
	entries, err := os.ReadDir(dir)
	if err == nil {
		err = who.CheckFolder(dir)
	}
	if err != nil {
		return Folder{}, r.explainFolder(err)
	}
	var f Folder
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".crt"); ok && !hidden(e) {
			f.add(r.pair(name))
		}
	}
	for _, e := range entries {
		if !hidden(e) && !strings.HasSuffix(e.Name(), ".crt") {
			f.addFault(r.leftOver(e.Name(), f.Pairs))
		}
	}
	slices.SortFunc(f.Faults, func(a, b Fault) int { return strings.Compare(a.Path, b.Path) })
	return f, nil
}

// hidden says whether a name is meant for nobody: that of a file which is being written, mostly.
func hidden(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") }

func (f *Folder) add(p *Pair, fault *Fault) {
	if p != nil {
		f.Pairs = append(f.Pairs, p)
	}
	f.addFault(fault)
}

func (f *Folder) addFault(fault *Fault) {
	if fault != nil {
		f.Faults = append(f.Faults, *fault)
	}
}

// Stamp changes when a file of the folder does, what a link leads to included, or when
// owner or mode of one do.
func Stamp(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			fmt.Fprintf(&b, "%s %v\n", e.Name(), err)
			continue
		}
		fmt.Fprintf(&b, "%s %d %d", e.Name(), info.Size(), info.ModTime().UnixNano())
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			fmt.Fprintf(&b, " %d %d", st.Ino, st.Ctim.Nano())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// reader reads the files of one folder.
type reader struct {
	dir string
	who readable.User
}

// pair reads NAME.crt and NAME.key; the key may be in NAME.crt if there is no NAME.key.
func (r *reader) pair(name string) (*Pair, *Fault) {
	path := filepath.Join(r.dir, name+".crt")
	p := &Pair{Name: name, Path: path}
	err := r.fill(p, strings.TrimSuffix(path, ".crt")+".key")
	if err != nil {
		return nil, &Fault{Path: path, Hosts: p.Hosts, Problem: strings.TrimPrefix(err.Error(), path+" ")}
	}
	return p, nil
}

func (r *reader) fill(p *Pair, keyPath string) error {
	list, err := r.blocks(p.Path)
	if err != nil {
		return err
	}
	if p.chain, err = certificates(p.Path, list); err != nil {
		return err
	}
	p.Hosts = p.chain.hosts()
	keys, err := r.blocks(keyPath)
	if errors.Is(err, fs.ErrNotExist) && slices.ContainsFunc(list, isKey) {
		keyPath, keys, err = p.Path, list, nil
	}
	if err != nil {
		return err
	}
	return p.finish(keyPath, keys)
}

// blocks opens a file and takes it apart.
func (r *reader) blocks(path string) ([]block, error) {
	data, err := r.content(path)
	if err != nil {
		return nil, err
	}
	return decode(path, data)
}
