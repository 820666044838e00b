package archive

import (
	"archive/tar"
	"io/fs"
	"testing"
)

// strange is a file of somebody else's.
type strange struct {
	fs.FileInfo
	sys any
}

func (s strange) Sys() any { return s.sys }

// An archive may come from a host that numbers its users otherwise, or lie.
func TestWhoOwnsWhatIsPutBack(t *testing.T) {
	ids := map[string]int{"root": 0, proxyUser: 990, operators: 991, "olga": 1000}
	lookup := func(name string) (int, bool) { id, ok := ids[name]; return id, ok }
	for _, c := range []struct {
		owner        owner
		uname, gname string
		number       int
		mode         int64
		uid, gid     int
		want         fs.FileMode
	}{
		{root, "root", "root", 999, 0o644, 0, 0, 0o644},
		{root, "root", proxyUser, 5, 0o640, 0, 990, 0o640},
		{root, "root", operators, 5, 0o660, 0, 991, 0o640},
		{root, "olga", "olga", 1000, 0o666, 0, 0, 0o644},
		{root, "nobody-has-this", "", 65000, 0o6777, 0, 0, 0o755},
		{proxy, proxyUser, proxyUser, 5, 0o600, 990, 990, 0o600},
		{proxy, "root", "root", 5, 0o600, 0, 0, 0o600},
		{proxy, "olga", "olga", 5, 0o666, 990, 990, 0o644},
		{proxy, "", "", 61234, 0o600, 990, 990, 0o600},
		{application, "", "", 61234, 0o666, 61234, 61234, 0o666},
		{application, "olga", "none", 61234, 0o700, 1000, 61234, 0o700},
	} {
		e := entry{
			Header: &tar.Header{
				Typeflag: tar.TypeReg,
				Uname:    c.uname,
				Gname:    c.gname,
				Uid:      c.number,
				Gid:      c.number,
				Mode:     c.mode,
			},
		}
		uid, gid, mode := newAccounts(lookup, lookup).permissions(tree{owner: c.owner}, e)
		if uid != c.uid || gid != c.gid || mode != c.want {
			t.Errorf("%+v: %d:%d %v", c, uid, gid, mode)
		}
	}
}

func TestAccountsAreThoseOfThisHost(t *testing.T) {
	e := entry{Header: &tar.Header{Uname: "root", Uid: 999, Gname: "nobody-has-this", Gid: 998}}
	if uid, gid := hostAccounts().owner(e); uid != 0 || gid != 998 {
		t.Errorf("%d:%d", uid, gid)
	}
}
