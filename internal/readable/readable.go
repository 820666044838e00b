// Package readable says whether a user may read a file, and what on the way to it is closed
// to him. It judges as the kernel does, by owner, group, mode and access control list, for
// users other than the one who asks: an explanation for an operator, no door.
package readable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// User is whom Check judges for.
type User struct {
	Name string
	ID   uint32
	// Groups are all of his groups.
	Groups []uint32

	// Self makes Check ask the kernel about this process.
	Self bool
}

// Self is the user of this process. About him the kernel is asked, which knows best: in a
// sandbox other users look like nobody.
func Self() User {
	u := User{ID: uint32(os.Geteuid()), Self: true}
	if found, err := user.LookupId(strconv.Itoa(os.Geteuid())); err == nil {
		u.Name = found.Username
	}
	return u
}

// Lookup finds a user of this host with all of his groups.
func Lookup(name string) (User, error) {
	found, err := user.Lookup(name)
	if err != nil {
		return User{}, fmt.Errorf("readable: %w", err)
	}
	groups, err := found.GroupIds()
	if err != nil {
		return User{}, fmt.Errorf("readable: groups of %s: %w", name, err)
	}
	u := User{Name: name}
	for i, text := range append([]string{found.Uid}, groups...) {
		id, err := strconv.ParseUint(text, 10, 32)
		switch {
		case err != nil:
			return User{}, fmt.Errorf("readable: user %s: %w", name, err)
		case i == 0:
			u.ID = uint32(id)
		default:
			u.Groups = append(u.Groups, uint32(id))
		}
	}
	return u, nil
}

// Denied is the first file or folder on the way that is closed. It is an fs.ErrPermission.
type Denied struct {
	Path   string // with no link in it
	Folder bool   // it cannot be passed; else it is the file itself
	Mode   fs.FileMode
}

func (d *Denied) Error() string {
	return fmt.Sprintf("%s is closed (mode %04o)", d.Path, d.Mode.Perm())
}

// Unwrap makes it an fs.ErrPermission.
func (d *Denied) Unwrap() error { return fs.ErrPermission }

// What a folder must let a user do, and a file: bits as in each third of a mode.
const (
	pass = 1
	read = 4
)

// maxLinks is what the kernel follows before ELOOP.
const maxLinks = 40

// Check goes the way to the file at an absolute path, links followed. It returns nil if the
// user may read it, and a *Denied that names what is in his way.
func (u User) Check(name string) error { return u.check(name, read) }

// CheckFolder is Check for a folder whose names are to be listed.
func (u User) CheckFolder(name string) error { return u.check(name, read|pass) }

func (u User) check(name string, want uint16) error {
	at, rest, links := "/", parts(name), 0
	for len(rest) > 0 {
		if err := u.may(at, pass); err != nil {
			return err
		}
		next := filepath.Join(at, rest[0]) // no link in at, so ".." means what the kernel takes it for
		rest = rest[1:]
		target, err := os.Readlink(next)
		switch {
		case errors.Is(err, unix.EINVAL): // no link
			at = next
			continue
		case err != nil:
			return err
		}
		if links++; links > maxLinks {
			return &fs.PathError{Op: "open", Path: name, Err: unix.ELOOP}
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(parts(target), rest...)
	}
	return u.may(at, want)
}

func parts(path string) (list []string) {
	for part := range strings.SplitSeq(path, "/") {
		if part != "" && part != "." {
			list = append(list, part)
		}
	}
	return list
}

func (u User) may(path string, want uint16) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if u.granted(path, &st, want) {
		return nil
	}
	return &Denied{Path: path, Folder: want&pass != 0, Mode: fs.FileMode(st.Mode & 0o7777)}
}

func (u User) granted(path string, st *unix.Stat_t, want uint16) bool {
	switch {
	case u.Self:
		return unix.Access(path, uint32(want)) == nil
	case u.ID == 0:
		return true
	}
	if list, ok := aclOf(path); ok {
		return list.granted(u, st)&want == want
	}
	return byMode(u, st)&want == want
}

func byMode(u User, st *unix.Stat_t) uint16 {
	switch {
	case st.Uid == u.ID:
		return uint16(st.Mode>>6) & 7
	case slices.Contains(u.Groups, st.Gid):
		return uint16(st.Mode>>3) & 7
	}
	return uint16(st.Mode) & 7
}
