package release

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/disk"
	"github.com/nexushub/nexushub/internal/manifest"
)

// archive is a zip that is being checked: what it holds and what is wrong with it.
type archive struct {
	limits  Limits
	zipSize int64
	files   []*zip.File
	tree    *tree
	faults  InvalidError

	in       *budgetReaderAt
	links    map[string]*target // by name
	manifest manifest.Manifest
	is       detect.Result // what it is recognised as
	unpacked int64
	bounded  bool // within the limits: contents may be read
	source   bool // it is built where that is needed; else it is taken as it is
}

var errDirectoryTooLarge = errors.New("the zip's directory is too large")

// readArchive checks names, kinds, limits, links and manifest of the zip in f. All
// faults are in the archive's list; the error is one of reading f itself, or of ctx. Of
// source, what a build has to make may be missing.
func readArchive(ctx context.Context, f *os.File, limits Limits, source bool) (*archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	a := &archive{limits: limits, source: source, zipSize: info.Size(), tree: newTree(limits), links: map[string]*target{}}
	in := &budgetReaderAt{r: f, left: limits.directoryBudget()}
	a.in = in
	r, err := zip.NewReader(in, info.Size())
	switch {
	case errors.Is(err, errDirectoryTooLarge):
		a.faults.add("", "the list of entries is larger than %d bytes: more entries than the limit of %d (package.max_entries), or long comments",
			limits.directoryBudget(), limits.MaxEntries)
		return a, nil
	case err != nil:
		a.faults.add("", "not a readable zip, or cut short: %v", err)
		return a, nil
	}
	in.left = math.MaxInt64 // contents are bounded by their sizes
	a.files = r.File
	a.check(ctx)
	return a, ctx.Err()
}

func (a *archive) check(ctx context.Context) {
	a.checkLimits()
	a.checkEntries()
	if !a.bounded {
		return
	}
	a.checkHeaders()
	a.stripNames()
	a.readLinks(ctx)
	a.readManifest()
	if !a.source {
		a.is = detect.AsIs(a.fsys(), a.manifest)
	} else if a.is = detect.Of(a.fsys(), a.manifest); a.isBuilt() {
		return // what it is to run or serve is not there yet
	}
	a.checkShape()
	a.checkContents()
}

func (a *archive) checkEntries() {
	for i, f := range a.files {
		if i >= a.limits.MaxEntries {
			return
		}
		if err := a.checkEntry(f); err != nil {
			a.faults.add("", "%v", err)
			a.bounded = false
			return
		}
	}
}

func (a *archive) checkLimits() {
	before := len(a.faults.Faults)
	if n := len(a.files); n > a.limits.MaxEntries {
		a.faults.add("", "%d entries, the limit is %d (package.max_entries)", n, a.limits.MaxEntries)
	}
	a.unpacked = declaredSize(a.files)
	if a.unpacked > a.limits.MaxUnpacked {
		a.faults.add("", "unpacks to %d bytes, the limit is %d (package.max_unpacked)", a.unpacked, a.limits.MaxUnpacked)
	}
	if a.unpacked > ratioFloor && a.zipSize > 0 && a.unpacked/a.zipSize >= a.limits.MaxRatio {
		a.faults.add("", "unpacks to %d times its size, the limit is %d (package.max_ratio)", a.unpacked/a.zipSize,
			a.limits.MaxRatio)
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

// here begins every name in an archive of the current folder (bsdtar -a -cf x.zip .).
const here = "./"

// stripNames comes after the headers, which spell names as the archive does.
func (a *archive) stripNames() {
	a.files = slices.DeleteFunc(a.files, func(f *zip.File) bool { return f.Name == here && f.Mode().IsDir() })
	for _, f := range a.files {
		f.Name = strings.TrimPrefix(f.Name, here)
	}
}

// checkEntry adds the entry's faults to the list. Its error is a limit on the whole.
func (a *archive) checkEntry(f *zip.File) error {
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
	if f.Name == here && f.Mode().IsDir() {
		return nil
	}
	err := a.tree.add(strings.TrimPrefix(f.Name, here), f.Mode().Type())
	if err != nil && !errors.Is(err, errTooMuch) {
		a.faults.add(f.Name, "%v", err)
		return nil
	}
	return err
}

// block is what a file or folder takes at most beyond its bytes.
const block = 4096

// room is what the package takes on disk.
func (a *archive) room() disk.Room {
	nodes := int64(len(a.tree.nodes)) + 2 // its folder, and what is noted about it
	return disk.Room{Bytes: a.unpacked + nodes*block, Inodes: nodes}
}

// readManifest parses nexushub.toml where there is one.
func (a *archive) readManifest() {
	f := a.find(ManifestName)
	if f == nil {
		return
	}
	if f.UncompressedSize64 > maxManifest {
		a.faults.add(ManifestName, "is larger than %d bytes", maxManifest)
		return
	}
	data, err := readAll(f, maxManifest)
	if err != nil {
		return // the verification of contents reports it
	}
	m, err := parseManifest(data)
	a.manifest = m
	a.faults.addManifest(err)
}

// checkShape wants a file where a file is read, and a folder where a folder is served.
func (a *archive) checkShape() {
	if n := a.tree.nodes[ManifestName]; n != nil && n.kind != 0 {
		a.faults.add(ManifestName, "must be a file, not a folder or a link")
	}
	folder := served(a.asks())
	switch there := a.tree.nodes[folder] != nil || folder == "."; {
	case there && folder != "." && !a.leadsTo(folder, fs.ModeDir):
		a.faults.add(folder, "must be a folder, or a link to one")
	case !there && a.manifest.Static.Folder != "":
		a.faults.add(ManifestName, "static.folder: the package has no folder %q", folder)
	}
	a.checkServed(folder)
	a.checkServed(errorsPath)
	if a.tree.nodes[appPath] != nil && !a.isFile(appPath) {
		a.faults.add(appPath, "must be a file, or a link to one")
	}
}

func (a *archive) isFile(name string) bool { return a.leadsTo(name, 0) }

// leadsTo says whether the entry of this name, or what it links to, is of this kind.
func (a *archive) leadsTo(name string, kind fs.FileMode) bool {
	n := a.tree.nodes[a.resolved(name)]
	return n != nil && n.kind == kind
}

// resolved is the entry behind whatever links lead to it from this name; empty where there
// is none.
func (a *archive) resolved(name string) string {
	if a.tree.nodes[name] == nil {
		return ""
	}
	end, _, err := a.walk(place{}, name)
	if err != nil || end.missing > 0 || end.host {
		return ""
	}
	return strings.Join(end.at, "/")
}

// checkContents wants something to run or something to serve.
func (a *archive) checkContents() {
	from := ManifestName + ": exec"
	if len(a.manifest.Exec) == 0 && a.is.Name != "" {
		from = a.is.Short()
	}
	err := checkRunnable(from, a.asks(), a.isFile, a.leadsToHost)
	if a.is.Missing != "" {
		err = fmt.Errorf("%s (%s): %s", a.is.Name, a.is.Why, a.is.Missing)
	}
	if errors.Is(err, errNothingToRun) {
		if top := a.topFolder(); top != "" {
			err = fmt.Errorf("%w: they are in the folder %s/, pack what is in it instead of the folder itself",
				err, printable(top))
		}
	}
	if err != nil {
		a.faults.add("", "%v", err)
	}
}

// topFolder is the only folder that could be the package, as in an archive of a folder
// instead of its contents. It may lie in a folder that holds no other.
func (a *archive) topFolder() string {
	inside := a.folders()
	for at := ""; ; at = inside[at][0] {
		found := slices.DeleteFunc(slices.Clone(inside[at]), func(name string) bool {
			return a.tree.nodes[name+"/"+appPath] == nil && a.tree.nodes[name+"/"+indexPath] == nil && !a.recognises(name)
		})
		switch {
		case len(found) == 1:
			return found[0]
		case len(found) > 1, len(inside[at]) != 1:
			return ""
		}
	}
}

// resourceForks is a folder that macOS adds beside the one that it packs.
const resourceForks = "__MACOSX"

// folders are the full names of the folders in each folder; the package's own is "".
func (a *archive) folders() map[string][]string {
	inside := map[string][]string{}
	for name, n := range a.tree.nodes {
		if n.kind.IsDir() && name != resourceForks {
			parent := path.Dir("/" + name)[1:]
			inside[parent] = append(inside[parent], name)
		}
	}
	return inside
}

// leadsToHost says whether a program of the host is behind the name.
func (a *archive) leadsToHost(name string) bool {
	end, _, err := a.walk(place{}, name)
	return err == nil && end.host
}

// startedFile is the regular file that is executed, behind whatever links lead to it;
// empty where it is the host's, or missing.
func (a *archive) startedFile() string {
	name := started(a.asks())
	if !a.isFile(name) {
		return ""
	}
	return a.resolved(name)
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

// asks is how the package wants to run.
func (a *archive) asks() manifest.Manifest { return a.manifest.Over(a.is.Manifest) }

// fsys is the archive as it can be looked at before anything is written.
func (a *archive) fsys() fs.FS { return &zip.Reader{File: a.files} }

// recognises says whether a folder could be the package. More than a few are not looked at.
func (a *archive) recognises(name string) bool {
	if strings.Count(name, "/") > 1 || len(a.folders()[""]) > 3 {
		return false
	}
	inside, err := fs.Sub(a.fsys(), name)
	return err == nil && detect.Of(inside, manifest.Manifest{}).Name != ""
}

// meta is what is noted beside the release.
func (a *archive) meta() meta {
	m := meta{Size: a.unpacked, ImportedAt: time.Now().UTC(), Expands: true}
	if a.is.Name != "" {
		m.Recognised = &a.is
	}
	return m
}
