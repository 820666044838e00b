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
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/disk"
)

// unpacker writes a checked archive below root; with a nil root it only reads, to
// find damaged contents.
type unpacker struct {
	a       *archive
	root    *os.Root
	dir     string // root's path, for a look at its file system
	buf     []byte
	first   []byte // of the file that is written: up to firstBytes
	started string // the file that will be executed
	entries int
	bytes   int64 // since the last look
}

// A look at the file system comes after so much: others fill it at the same time.
const (
	lookEntries = 256
	lookBytes   = 16 << 20
)

// run handles every entry. Damage goes to the archive's faults; the error is one of
// writing, or of the context.
func (u *unpacker) run(ctx context.Context) error {
	u.buf = make([]byte, 128<<10)
	u.started = u.a.startedFile()
	for _, f := range u.a.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := u.look(); err != nil {
			return err
		}
		if err := u.entry(ctx, f); err != nil && !u.refused(f.Name, err) {
			return err
		}
	}
	return u.makeLinks()
}

// look stops before the floor of free bytes and inodes is passed.
func (u *unpacker) look() error {
	if u.entries++; u.root == nil || u.entries%lookEntries != 0 && u.bytes < lookBytes {
		return nil
	}
	u.bytes = 0
	return disk.Check(u.dir, disk.Room{}, u.a.limits.Free)
}

// refused makes a fault of what this file system in particular cannot hold.
func (u *unpacker) refused(name string, err error) bool {
	for _, no := range []error{unix.ENAMETOOLONG, unix.EILSEQ, unix.EMLINK} {
		if errors.Is(err, no) {
			u.a.faults.add(name, "cannot be on this host's file system: %v", no)
			return true
		}
	}
	return false
}

func (u *unpacker) entry(ctx context.Context, f *zip.File) error {
	switch {
	case f.Mode().IsDir():
		return u.mkdir(strings.TrimSuffix(f.Name, "/"))
	case f.Mode().IsRegular() && f.Flags&1 == 0:
		return u.file(ctx, f)
	}
	return nil
}

func (u *unpacker) mkdir(name string) error {
	if u.root == nil || name == "." {
		return nil
	}
	return u.root.MkdirAll(name, 0o755)
}

func (u *unpacker) file(ctx context.Context, f *zip.File) error {
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil // the check of the entry has said so
	}
	if err != nil {
		u.a.faults.add(f.Name, "cannot be read: %v", err)
		return nil
	}
	w, err := u.create(f)
	if err != nil {
		return errors.Join(err, r.Close())
	}
	u.first = u.first[:0]
	damage, err := u.copy(ctx, w, r, int64(f.UncompressedSize64))
	if damage = errors.Join(damage, r.Close()); damage != nil {
		u.a.faults.add(f.Name, "is damaged: %v", damage)
	} else if f.Name == u.started {
		u.checkFirstLine(f.Name)
	}
	return errors.Join(err, u.finish(f, w))
}

// checkFirstLine is for the file that is executed: what editors of other systems do to a
// script, and nobody sees, keeps the kernel from finding its interpreter.
func (u *unpacker) checkFirstLine(name string) {
	switch {
	case endsInCR(u.first):
		u.a.faults.add(name, "its first line ends in CRLF, and no interpreter has a name that ends so: save it with LF")
	case bytes.HasPrefix(u.first, []byte("\ufeff#!")):
		u.a.faults.add(name, "begins with a byte order mark, so the kernel does not see its #!: save it in UTF-8 without one")
	}
}

// create opens the entry's file, or a sink when nothing is to be written.
func (u *unpacker) create(f *zip.File) (io.WriteCloser, error) {
	if u.root == nil {
		return discard{}, nil
	}
	if err := u.mkdir(path.Dir(f.Name)); err != nil {
		return nil, err
	}
	return u.root.OpenFile(f.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// copy tells damage of the archive from failure to write. At most size bytes pass:
// the limits were checked against the declared sizes.
func (u *unpacker) copy(ctx context.Context, w io.Writer, r io.Reader, size int64) (damage, failure error) {
	for left := size; ; {
		n, err := r.Read(u.buf)
		if left -= int64(n); left < 0 {
			return errors.New("is longer than it says"), nil
		}
		u.first = append(u.first, u.buf[:min(n, firstBytes-len(u.first))]...)
		if _, failure := w.Write(u.buf[:n]); failure != nil {
			return nil, failure
		}
		if u.bytes += int64(n); u.bytes >= lookBytes {
			if failure := errors.Join(ctx.Err(), u.look()); failure != nil {
				return nil, failure
			}
		}
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return err, nil
		}
	}
}

func (u *unpacker) finish(f *zip.File, w io.WriteCloser) error {
	if err := w.Close(); err != nil {
		return err
	}
	if u.root == nil {
		return nil
	}
	if err := u.root.Chmod(f.Name, u.fileMode(f)); err != nil {
		return err
	}
	if m := f.Modified; m.Year() > 1980 && m.Before(time.Now()) {
		return u.root.Chtimes(f.Name, m, m)
	}
	return nil
}

func (u *unpacker) makeLinks() error {
	if u.root == nil {
		return nil
	}
	for name, to := range u.a.links {
		if err := u.mkdir(path.Dir(name)); err != nil {
			return err
		}
		if err := u.root.Symlink(to.text, name); err != nil {
			return fmt.Errorf("link %s: %w", printable(name), err)
		}
	}
	return nil
}

// fileMode gives the owner's read and execute bits to all and write to the owner
// only. What is started can be executed; so can, out of archives that know no such bit,
// what the kernel would execute.
func (u *unpacker) fileMode(f *zip.File) fs.FileMode {
	const unix, darwin = 3, 19
	creator := f.CreatorVersion >> 8
	mode := f.Mode().Perm()
	if creator != unix && creator != darwin || mode == 0 {
		mode = 0o644
		if isProgram(u.first) {
			mode |= 0o100
		}
	}
	if f.Name == u.started || f.Name == appPath {
		mode |= 0o700
	}
	owner := mode & 0o500
	return mode&0o755 | owner>>3 | owner>>6
}

// firstBytes of a file hold its first line, where that names an interpreter: the kernel
// reads as many (BINPRM_BUF_SIZE).
const firstBytes = 256

// isProgram: execve(2) takes scripts and ELF.
func isProgram(first []byte) bool {
	return bytes.HasPrefix(first, []byte("#!")) || bytes.HasPrefix(first, []byte("\x7fELF"))
}

func endsInCR(first []byte) bool {
	line, _, whole := bytes.Cut(first, []byte("\n"))
	return whole && bytes.HasPrefix(line, []byte("#!")) && bytes.HasSuffix(line, []byte("\r"))
}

// discard is io.Discard that can be closed.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }
