package archive

import (
	"io/fs"
	"os/user"
	"strconv"
)

// accounts are the users and groups of this host, each asked for once.
type accounts struct {
	user, group           func(name string) (int, bool)
	knownUser, knownGroup map[string]account
}

type account struct {
	id    int
	known bool
}

func hostAccounts() *accounts {
	number := func(s string, err error) (int, bool) {
		n, bad := strconv.Atoi(s)
		return n, err == nil && bad == nil
	}
	return newAccounts(func(name string) (int, bool) {
		u, err := user.Lookup(name)
		if err != nil {
			return 0, false
		}
		return number(u.Uid, nil)
	}, func(name string) (int, bool) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return 0, false
		}
		return number(g.Gid, nil)
	})
}

func newAccounts(user, group func(string) (int, bool)) *accounts {
	return &accounts{user, group, map[string]account{}, map[string]account{}}
}

func lookup(known map[string]account, lookup func(string) (int, bool), name string, otherwise int) int {
	a, asked := known[name]
	if !asked && name != "" {
		a.id, a.known = lookup(name)
		known[name] = a
	}
	if a.known {
		return a.id
	}
	return otherwise
}

// owner goes by name where this host knows it: the numbers of another host mean others.
func (a *accounts) owner(e entry) (uid, gid int) {
	return lookup(a.knownUser, a.user, e.Uname, e.Uid), lookup(a.knownGroup, a.group, e.Gname, e.Gid)
}

// The names that the package makes.
const (
	proxyUser = "_nexushub-proxy"
	operators = "nexushub"
)

// permissions says whose an entry gets and what may be done with it. What root works with
// belongs to root whatever the archive says, and what the proxy works with to one of the
// two; nobody else gets to write there. An application has its folder to itself.
func (a *accounts) permissions(t tree, e entry) (uid, gid int, mode fs.FileMode) {
	uid, gid = a.owner(e)
	mode = fs.FileMode(e.Mode).Perm()
	if e.Mode&0o1000 != 0 && e.FileInfo().IsDir() {
		mode |= fs.ModeSticky
	}
	proxyUID := lookup(a.knownUser, a.user, proxyUser, 0)
	proxyGID := lookup(a.knownGroup, a.group, proxyUser, 0)
	switch t.owner {
	case root:
		uid, mode = 0, mode&^0o022
		if gid != proxyGID && gid != lookup(a.knownGroup, a.group, operators, 0) {
			gid = 0
		}
	case proxy:
		mode &^= 0o022
		if uid != 0 {
			uid = proxyUID
		}
		if gid != 0 {
			gid = proxyGID
		}
	}
	return uid, gid, mode
}
