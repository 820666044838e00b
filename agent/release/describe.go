package release

import (
	"cmp"
	"errors"
	"io/fs"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/calendar"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
)

// maxManifest is what is read of a manifest.
const maxManifest = 1 << 20

// describe reads what a folder offers: its manifest, and whether it runs or serves. What it was
// recognised as is known, or nil: then it is looked at now.
// Links in it are followed as long as they stay in it. What is wrong with the manifest is an
// *InvalidError.
func describe(path string, dir *beneath.Dir, known *detect.Result) (fact.Release, error) {
	r := fact.Release{Dir: path}
	data, err := readInside(dir, ManifestName)
	if err == nil {
		r.Manifest, err = parseManifest(data)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		invalid := &InvalidError{Cause: err}
		invalid.addManifest(err)
		return fact.Release{}, invalid
	}
	if known == nil {
		now := detect.AsIs(dir.FS(), r.Manifest)
		known = &now
	}
	r.Recognised = *known
	r.Runs = len(r.Asks().Exec) > 0 || isFile(dir, appPath)
	if r.StaticDir, err = folderInside(dir, served(r.Asks())); err != nil {
		return fact.Release{}, err
	}
	r.Static = r.StaticDir != ""
	r.ErrorDir, err = folderInside(dir, errorsPath)
	return r, err
}

// parseManifest also lets systemd read the schedules.
func parseManifest(data []byte) (manifest.Manifest, error) {
	m, err := manifest.Parse(ManifestName, data)
	if err != nil {
		return m, err
	}
	if faults := calendar.Faults(ManifestName, data, m); len(faults) > 0 {
		return m, faults
	}
	return m, nil
}

// served is the folder whose files the proxy serves.
func served(m manifest.Manifest) string { return cmp.Or(m.Static.Folder, manifest.StaticFolder) }

// StaticFolder is where a folder of a release or of an operator's package really lies; empty: there is none.
func StaticFolder(path, name string) (string, error) {
	dir, err := beneath.Folder(path)
	if err != nil {
		return "", err
	}
	real, err := folderInside(dir, name)
	return real, errors.Join(err, dir.Close())
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
