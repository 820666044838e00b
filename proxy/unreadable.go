package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/user"
	"slices"
	"strconv"
	"sync"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/proxy/static"
)

// maxUnreadable bounds what is remembered, and logged, for one instance.
const maxUnreadable = 16

// unreadable is what the proxy may not read of one instance's files, as far as somebody has
// asked for it. It outlives a table. Each obstacle is logged once, until it is gone.
type unreadable struct {
	log *slog.Logger

	mu   sync.Mutex
	list map[string]obstacle // by the path that is in the way
}

// obstacle is a file that may not be read, or a folder that may not be entered.
type obstacle struct {
	text  string
	dir   string       // whose files it is in the way of
	check func() error // whether it is one still
}

// note remembers what an error says is in the way, if it says so.
func (u *unreadable) note(app, dir string, err error, check func() error) {
	var d *beneath.Denied
	if !errors.As(err, &d) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	_, known := u.list[d.Path]
	if !known && len(u.list) >= maxUnreadable {
		return
	}
	if u.list == nil {
		u.list = map[string]obstacle{}
	}
	text := describe(d, self())
	u.list[d.Path] = obstacle{text, dir, check}
	if known {
		return
	}
	u.log.Warn("a static file may not be read", "app", app, "path", d.Path, "error", text)
}

// now returns what is in the way of files in dirs at this moment, in words and in order, and
// forgets the rest.
func (u *unreadable) now(dirs ...string) []string {
	u.mu.Lock()
	was := maps.Clone(u.list)
	u.mu.Unlock()
	for path, o := range was { // without the lock: a check may note another obstacle
		if slices.Contains(dirs, o.dir) && isDenied(o.check(), path) {
			continue
		}
		u.mu.Lock()
		delete(u.list, path)
		u.mu.Unlock()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	list := []string{}
	for _, o := range u.list {
		list = append(list, o.text)
	}
	slices.Sort(list)
	return list
}

func isDenied(err error, path string) bool {
	var d *beneath.Denied
	return errors.As(err, &d) && d.Path == path
}

// filesOf serves from dir and notes in u what may not be read there.
func filesOf(dir, app string, u *unreadable) *static.Files {
	f := static.New(dir)
	f.Denied = func(name string, err error) {
		u.note(app, dir, err, func() error { return f.Check(name) })
	}
	return f
}

// reader is whose rights the proxy has.
type reader struct {
	name     string
	uid, gid int
}

var self = sync.OnceValue(func() reader {
	uid, gid := os.Geteuid(), os.Getegid()
	return reader{userName(uint32(uid)), uid, gid}
})

// describe says what is in the way of whom, why, and what to do about it.
func describe(d *beneath.Denied, r reader) string {
	verb, bit, letter := "read", uint32(4), "r"
	if d.Enter {
		verb, bit, letter = "enter", 1, "x"
	}
	class, shift := "o", 0
	switch {
	case int(d.UID) == r.uid:
		class, shift = "u", 6
	case int(d.GID) == r.gid:
		class, shift = "g", 3
	}
	remedy := shell.Command("chmod", class+"+"+letter, d.Path)
	if uint32(d.Mode)>>shift&bit != 0 {
		remedy = "its mode allows it, so look for an access list (getfacl) or a security module"
	}
	return fmt.Sprintf("%s: %s may not %s it (mode %04o, owner %s): %s", d.Path, r.name, verb, uint32(d.Mode),
		userName(d.UID), remedy)
}

// nobody is whom the files of all other users seem to belong to, inside of PrivateUsers=.
const nobody = 65534

func userName(uid uint32) string {
	if uid == nobody {
		return "another user"
	}
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return "user " + strconv.FormatUint(uint64(uid), 10)
	}
	return cmp.Or(u.Username, u.Uid)
}

// unreadable looks what is in the way of the route's files, beginning with the page that
// everybody asks for first.
func (c *route) unreadable() []string {
	if c.files == nil {
		return []string{}
	}
	c.files.Check("index.html") //nolint:errcheck // what is in the way is noted
	return c.stats.unreadable.now(c.StaticDir, c.ErrorDir)
}

// getUnreadable answers for one instance: whoever waits for a file system that does not answer
// waits alone.
func (s *Server) getUnreadable(w http.ResponseWriter, r *http.Request) {
	list := []string{}
	if route := s.snapshot.Load().instances[r.FormValue("instance")]; route != nil {
		list = route.unreadable()
	}
	writeJSON(w, http.StatusOK, list)
}
