// Package pack makes an application package, a zip, of a folder. The same folder
// always gives the same bytes (sorted names, no times, fixed compression), so that an
// upload that was interrupted can go on after a restart of the client, and the same
// content is recognised as the same release.
package pack

import (
	"archive/zip"
	"compress/flate"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nexushub/nexushub/internal/beneath"
)

// Package is a zip on disk and its hashes.
type Package struct {
	Path   string
	Size   int64
	MD5    string // as existing servers want it
	SHA256 string
	Files  int

	Contents Contents // where they are known
}

// Zip packs dir into the file out. The folder may be another user's, who changes it
// meanwhile: links are packed as links and never followed. leaveOut are patterns of more to ignore.
func Zip(ctx context.Context, dir string, out *os.File, leaveOut ...string) (Package, error) {
	list, err := readIgnore(dir, leaveOut...)
	if err != nil {
		return Package{}, err
	}
	folder, err := beneath.Folder(dir)
	if err != nil {
		return Package{}, err
	}
	defer folder.Close()
	hash := newHashes()
	w := zip.NewWriter(io.MultiWriter(out, hash))
	w.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestSpeed)
	})
	p := packer{ctx: ctx, dir: dir, ignore: list, zip: w}
	if err := folder.Walk(p.visit); err != nil {
		return Package{}, err
	}
	if p.files == 0 {
		return Package{}, fmt.Errorf("%s has no files to deploy", dir)
	}
	if err := w.Close(); err != nil {
		return Package{}, err
	}
	return hash.sum(out.Name(), p.files), nil
}

// Hash describes a zip that is there already, and is open in f.
func Hash(f *os.File) (Package, error) {
	hash := newHashes()
	if _, err := io.Copy(hash, f); err != nil {
		return Package{}, err
	}
	return hash.sum(f.Name(), 0), nil
}

type packer struct {
	ctx    context.Context
	dir    string
	ignore ignore
	zip    *zip.Writer
	files  int
}

// visit is called in lexical order, which makes the result the same every time.
func (p *packer) visit(f beneath.Found) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if p.ignore.match(f.Name, f.Info.IsDir()) {
		if f.Info.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	return p.add(f)
}

func (p *packer) add(f beneath.Found) error {
	head := &zip.FileHeader{Name: f.Name, Method: method(f.Name)}
	switch mode := f.Info.Mode(); {
	case mode.IsDir():
		return nil
	case mode.IsRegular():
		head.SetMode(0o644 | mode&0o111)
	case mode&fs.ModeSymlink != 0:
		head.SetMode(fs.ModeSymlink | 0o777)
		head.Method = zip.Store
	default:
		return fmt.Errorf("%s is neither a file nor a folder nor a link", filepath.Join(p.dir, f.Name))
	}
	w, err := p.zip.CreateHeader(head)
	if err != nil {
		return err
	}
	p.files++
	if f.Info.Mode()&fs.ModeSymlink != 0 {
		target, err := f.In.Readlink(f.Base)
		if err == nil {
			_, err = io.WriteString(w, target)
		}
		return err
	}
	return p.copy(w, f)
}

// copy takes the file as long as it is now: one that grows has an end, too.
func (p *packer) copy(w io.Writer, f beneath.Found) error {
	file, info, err := f.In.OpenRegular(f.Base)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, reader{p.ctx, io.LimitReader(file, info.Size())})
	return errors.Join(err, file.Close())
}

// reader ends with the context, so that Ctrl-C does not wait for a large file.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// method leaves alone what is compressed already.
func method(name string) uint16 {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".gz", ".br", ".zst", ".xz", ".zip", ".png", ".jpg", ".jpeg", ".webp", ".avif", ".woff2", ".mp4", ".webm":
		return zip.Store
	}
	return zip.Deflate
}

type hashes struct {
	io.Writer
	sum func(path string, files int) Package
}

func newHashes() hashes {
	m, s, n := md5.New(), sha256.New(), new(counter)
	return hashes{io.MultiWriter(m, s, n), func(path string, files int) Package {
		return Package{
			Path: path, Size: int64(*n), Files: files,
			MD5: hex.EncodeToString(m.Sum(nil)), SHA256: hex.EncodeToString(s.Sum(nil)),
		}
	}}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
