package readable

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The way to a file is closed where the kernel closes it, links followed.
func TestCheck(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for p := dir; p != "/" && strings.HasPrefix(p, os.TempDir()); p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o755|fs.ModeSticky); err != nil {
			t.Skip("not our folder: ", err)
		}
	}
	put := func(path string, mode fs.FileMode) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600),
			os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, path string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(target, path)); err != nil {
			t.Fatal(err)
		}
	}
	put("certs/open.key", 0o644)
	put("certs/group.key", 0o640)
	put("certs/owner.key", 0o600)
	put("certs/less.key", 0o604) // his group has less than everybody
	put("archive/lnk/x.pem", 0o644)
	link("../../archive/lnk/x.pem", "live/lnk/x.pem")
	link(dir+"/live/lnk/x.pem", "certs/lnk.crt")
	link("loop", "certs/loop")
	link("nowhere", "certs/dangling")
	if err := os.Chmod(filepath.Join(dir, "archive"), 0o700); err != nil {
		t.Fatal(err)
	}
	gid := uint32(os.Getegid())
	stranger := User{Name: "stranger", ID: 54321, Groups: []uint32{54321}}
	member := User{Name: "member", ID: 54321, Groups: []uint32{54321, gid}}
	for _, c := range []struct {
		who        User
		path, want string
	}{
		{stranger, "certs/open.key", ""},
		{stranger, "certs/group.key", "certs/group.key is closed (mode 0640)"},
		{member, "certs/group.key", ""},
		{member, "certs/owner.key", "certs/owner.key is closed (mode 0600)"},
		{member, "certs/less.key", "certs/less.key is closed (mode 0604)"},
		{stranger, "certs/less.key", ""},
		{stranger, "certs/lnk.crt", "archive is closed (mode 0700)"},
		{User{Name: "root"}, "certs/owner.key", ""},
		{Self(), "certs/lnk.crt", ""},
		{stranger, "certs/loop", "too many levels"},
		{stranger, "certs/dangling", "no such file"},
		{stranger, "certs/../live/./lnk/../lnk/x.pem", "archive is closed"},
	} {
		err := c.who.Check(filepath.Join(dir) + "/" + c.path)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s: %v, want %q", c.who.Name, c.path, err, c.want)
		}
		var denied *Denied
		if errors.As(err, &denied) &&
			(denied.Folder != strings.Contains(c.want, "archive") || !errors.Is(err, fs.ErrPermission)) {
			t.Errorf("%s, %s: %#v", c.who.Name, c.path, err)
		}
	}
}

func entries(list ...aclEntry) []byte {
	b := binary.LittleEndian.AppendUint32(nil, aclVersion)
	for _, e := range list {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.granted)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

// setfacl -m u:7:r KEY, and what else an access control list can say.
func TestACL(t *testing.T) {
	list, ok := parseACL(entries(aclEntry{aclUserObj, 6, 0}, aclEntry{aclUser, 4, 7}, aclEntry{aclUser, 4, 8},
		aclEntry{aclGroupObj, 0, 0}, aclEntry{aclGroup, 4, 70}, aclEntry{aclMask, 4, 0}, aclEntry{aclOther, 1, 0}))
	if !ok || len(list) != 7 {
		t.Fatal(list, ok)
	}
	st := unix.Stat_t{Uid: 1, Gid: 10}
	for _, c := range []struct {
		who  User
		want uint16
	}{
		{User{ID: 1}, 6},
		{User{ID: 7}, 4},
		{User{ID: 9, Groups: []uint32{10}}, 0},
		{User{ID: 9, Groups: []uint32{10, 70}}, 4},
		{User{ID: 9, Groups: []uint32{99}}, 1},
	} {
		if got := list.granted(c.who, &st); got != c.want {
			t.Errorf("%+v: %o, want %o", c.who, got, c.want)
		}
	}
	closed, _ := parseACL(entries(aclEntry{aclUser, 4, 7}, aclEntry{aclGroup, 4, 70}, aclEntry{aclMask, 0, 0}))
	for _, who := range []User{{ID: 7}, {ID: 9, Groups: []uint32{70}}} {
		if got := closed.granted(who, &st); got != 0 {
			t.Errorf("%+v, beyond the mask: %o", who, got)
		}
	}
	for _, damaged := range [][]byte{nil, {2, 0, 0}, {3, 0, 0, 0}, append(entries(aclEntry{aclUser, 4, 7}), 1)} {
		if list, ok := parseACL(damaged); ok {
			t.Errorf("%x: %v", damaged, list)
		}
	}
}

func FuzzParseACL(f *testing.F) {
	f.Add(entries(aclEntry{aclUser, 4, 7}))
	f.Fuzz(func(_ *testing.T, b []byte) {
		list, _ := parseACL(b)
		list.granted(User{ID: 7}, &unix.Stat_t{})
	})
}
