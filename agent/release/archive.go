package release

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// archive is a zip that is being checked: what it holds and what is wrong with it.
type archive struct {
	limits  Limits
	zipSize int64
	files   []*zip.File
	tree    *tree
	faults  InvalidError

	links    map[string]string // name -> target
	manifest manifest.Manifest
	unpacked int64
	bounded  bool // within the limits: contents may be read
}

var errDirectoryTooLarge = errors.New("directory exceeds its budget")

// readArchive checks names, kinds, limits, links and manifest of the zip in f. All
// faults are in the archive's list; the error is one of reading f itself.
func readArchive(f *os.File, limits Limits) (*archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	a := &archive{limits: limits, zipSize: info.Size(), tree: newTree(), links: map[string]string{}}
	in := &budgetReaderAt{r: f, left: limits.directoryBudget()}
	r, err := zip.NewReader(in, info.Size())
	switch {
	case errors.Is(err, errDirectoryTooLarge):
		a.faults.add("", "more entries than the limit of %d", limits.MaxEntries)
		return a, nil
	case err != nil:
		a.faults.add("", "not a readable zip, or cut short: %v", err)
		return a, nil
	}
	in.left = math.MaxInt64 // contents are bounded by their sizes
	a.files = r.File
	a.check()
	return a, nil
}

func (a *archive) check() {
	a.checkLimits()
	for i, f := range a.files {
		if i >= a.limits.MaxEntries {
			break
		}
		a.checkEntry(f)
	}
	if !a.bounded {
		return
	}
	a.readLinks()
	a.readManifest()
	a.checkContents()
}

func (a *archive) checkLimits() {
	before := len(a.faults.Faults)
	if n := len(a.files); n > a.limits.MaxEntries {
		a.faults.add("", "%d entries, the limit is %d", n, a.limits.MaxEntries)
	}
	a.unpacked = declaredSize(a.files)
	if a.unpacked > a.limits.MaxUnpacked {
		a.faults.add("", "unpacks to %d bytes, the limit is %d", a.unpacked, a.limits.MaxUnpacked)
	}
	if a.unpacked > ratioFloor && a.zipSize > 0 && a.unpacked/a.zipSize >= a.limits.MaxRatio {
		a.faults.add("", "unpacks to %d times its size, the limit is %d", a.unpacked/a.zipSize, a.limits.MaxRatio)
	}
	a.bounded = len(a.faults.Faults) == before
}

// declaredSize adds up without overflow: a zip may declare 2^64-1 bytes, twice.
func declaredSize(files []*zip.File) int64 {
	const most = int64(1) << 62
	sum := int64(0)
	for _, f := range files {
		if f.UncompressedSize64 > uint64(most-sum) {
			return most
		}
		sum += int64(f.UncompressedSize64)
	}
	return sum
}

func (a *archive) checkEntry(f *zip.File) {
	if f.Flags&0x41 != 0 || f.Method == 99 {
		a.faults.add(f.Name, "is encrypted")
	} else if f.Method != zip.Store && f.Method != zip.Deflate {
		a.faults.add(f.Name, "compression method %d is not supported, use deflate", f.Method)
	}
	switch kind := f.Mode().Type(); kind {
	case 0, fs.ModeDir, fs.ModeSymlink:
	default:
		a.faults.add(f.Name, "is a device, pipe or socket (%s)", f.Mode())
	}
	if err := a.tree.add(f.Name, f.Mode().Type()); err != nil {
		a.faults.add(f.Name, "%v", err)
	}
}

// readManifest parses nexushub.toml where there is one.
func (a *archive) readManifest() {
	f := a.find(ManifestName)
	if f == nil {
		return
	}
	data, err := readAll(f, maxManifest)
	if err != nil {
		return // the verification of contents reports it
	}
	m, err := manifest.Parse(ManifestName, data)
	a.manifest = m
	var faults tomlfile.Faults
	if errors.As(err, &faults) {
		for _, f := range faults {
			a.faults.add(ManifestName, "%v", f)
		}
	} else if err != nil {
		a.faults.add(ManifestName, "%v", err)
	}
}

// checkContents wants something to run or something to serve.
func (a *archive) checkContents() {
	if err := checkRunnable(a.manifest, a.tree.has); err != nil {
		a.faults.add("", "%v", err)
	}
}

func (a *archive) find(name string) *zip.File {
	for _, f := range a.files {
		if f.Name == name && f.Mode().IsRegular() {
			return f
		}
	}
	return nil
}

// readAll reads an entry of at most limit bytes.
func readAll(f *zip.File, limit int64) (_ []byte, err error) {
	if f.UncompressedSize64 > uint64(limit) {
		return nil, fmt.Errorf("is larger than %d bytes", limit)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(io.LimitReader(r, limit+1))
}
