package release

import (
	"errors"
	"io/fs"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/manifest"
)

// maxManifest is what is read of a manifest.
const maxManifest = 1 << 20

// describe reads what a folder offers: its manifest, and whether it runs or serves.
// Links in it are followed as long as they stay in it. What is wrong with the manifest is an
// *InvalidError.
func describe(path string, dir *beneath.Dir) (fact.Release, error) {
	r := fact.Release{Dir: path}
	data, err := readInside(dir, ManifestName)
	if err == nil {
		r.Manifest, err = manifest.Parse(ManifestName, data)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		invalid := &InvalidError{Cause: err}
		invalid.addManifest(err)
		return fact.Release{}, invalid
	}
	r.Runs = len(r.Manifest.Exec) > 0 || isFile(dir, appPath)
	if r.StaticDir, err = folderInside(dir, staticPath); err != nil {
		return fact.Release{}, err
	}
	r.Static = r.StaticDir != ""
	r.ErrorDir, err = folderInside(dir, errorsPath)
	return r, err
}

func readInside(dir *beneath.Dir, name string) ([]byte, error) {
	f, _, err := dir.Inside(name)
	if err != nil {
		return nil, err
	}
	data, err := beneath.ReadAll(f, maxManifest)
	return data, errors.Join(err, f.Close())
}

func isFile(dir *beneath.Dir, name string) bool {
	f, info, err := dir.Inside(name)
	if err != nil {
		return false
	}
	return f.Close() == nil && info.Mode().IsRegular()
}

// folderInside is where a folder of the package really lies, without a link on the way:
// who serves from there follows none. It is empty where there is no such folder.
func folderInside(dir *beneath.Dir, name string) (string, error) {
	f, info, err := dir.Inside(name)
	if err != nil {
		return "", nil
	}
	sub := beneath.Of(f)
	if !info.IsDir() {
		return "", sub.Close()
	}
	path, err := sub.Path()
	return path, errors.Join(err, sub.Close())
}
