package release

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/disk"
)

// Path is where the release of this name lies, or will lie.
func (s *Store) Path(hash string) string { return s.path(hash) }

// Built returns the release of this name if it is there, and keeps it as Import does.
func (s *Store) Built(hash string) (r fact.Release, ok bool, err error) {
	if !hashPattern.MatchString(hash) || !s.touch(hash) {
		return r, false, nil
	}
	r, err = s.Get(hash)
	return r, err == nil, err
}

// ImportBuilt makes a release named hash of a folder that a build has left. The folder is as hostile
// as any zip, and passes the same checks, as one: nothing of it is trusted because it was made here.
// The package's manifest goes with it where it has none itself.
func (s *Store) ImportBuilt(ctx context.Context, dir *beneath.Dir, hash string, from *Source) (r fact.Release,
	err error) {
	own, err := os.CreateTemp(s.dir, tempPrefix)
	if err != nil {
		return r, fmt.Errorf("import: %w", disk.NoSpace(err))
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	p := packer{ctx: ctx, limits: s.limits, zip: zip.NewWriter(own), dir: s.dir}
	err = errors.Join(os.Remove(own.Name()), p.pack(dir, from))
	if errors.Is(err, beneath.ErrTooMuch) {
		err = p.tooMuch("cannot be a package: %v", err)
	}
	if err == nil {
		err = s.unpackInTime(ctx, own, hash, func(*archive) {})
	}
	if err != nil {
		return r, fmt.Errorf("import: %w", disk.NoSpace(err))
	}
	return s.Get(hash)
}

// packer writes a folder as a zip, no further than a package may go.
type packer struct {
	ctx     context.Context
	limits  Limits
	zip     *zip.Writer
	dir     string
	entries int
	bytes   int64
}

func (p *packer) pack(dir *beneath.Dir, from *Source) error {
	hasManifest := false
	err := dir.Walk(func(f beneath.Found) error {
		hasManifest = hasManifest || f.Name == ManifestName
		return p.add(f)
	})
	if err == nil && !hasManifest {
		err = p.addManifest(from)
	}
	return errors.Join(err, p.zip.Close())
}

func (p *packer) add(f beneath.Found) error {
	if p.entries++; p.entries > p.limits.MaxEntries {
		return p.tooMuch("has more than %d files, folders and links (package.max_entries)", p.limits.MaxEntries)
	}
	if err := p.ctx.Err(); err != nil {
		return err
	}
	h := &zip.FileHeader{Name: f.Name, Modified: f.Info.ModTime()}
	h.SetMode(f.Info.Mode())
	switch kind := f.Info.Mode().Type(); kind {
	case fs.ModeDir:
		h.Name += "/"
		_, err := p.zip.CreateHeader(h)
		return err
	case fs.ModeSymlink:
		target, err := f.In.Readlink(f.Base)
		if err != nil {
			return err
		}
		return p.write(h, bytes.NewReader([]byte(target)), int64(len(target)))
	case 0:
		return p.file(h, f)
	}
	_, err := p.zip.CreateHeader(h) // of a kind that is refused with the others
	return err
}

func (p *packer) file(h *zip.FileHeader, found beneath.Found) error {
	if p.bytes += found.Info.Size(); p.bytes > p.limits.MaxUnpacked {
		return p.tooMuch("is larger than %d bytes (package.max_unpacked)", p.limits.MaxUnpacked)
	}
	if err := disk.Check(p.dir, disk.Room{Bytes: found.Info.Size(), Inodes: 1}, p.limits.Free); err != nil {
		return err
	}
	f, info, err := found.In.OpenRegular(found.Base)
	if err != nil {
		return err
	}
	return errors.Join(p.write(h, f, min(info.Size(), found.Info.Size())), f.Close())
}

// write stores without compressing: the zip is read once, at once.
func (p *packer) write(h *zip.FileHeader, r io.Reader, size int64) error {
	w, err := p.zip.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, &contextReader{ctx: p.ctx, r: io.LimitReader(r, size)})
	return err
}

func (p *packer) addManifest(from *Source) error {
	f := from.a.find(ManifestName)
	if f == nil {
		return nil
	}
	data, err := readAll(f, maxManifest)
	if err != nil {
		return err
	}
	h := &zip.FileHeader{Name: ManifestName, Modified: time.Now()}
	h.SetMode(0o644)
	return p.write(h, bytes.NewReader(data), int64(len(data)))
}

func (p *packer) tooMuch(format string, args ...any) error {
	e := &InvalidError{}
	e.add("", "what the build has made "+format, args...)
	return e
}
