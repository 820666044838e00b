// Package archive writes what makes a host what it is into one tar.gz, and puts it back.
//
// Root works here on folders that others own: the proxy's user, and every application
// its own. They may change anything at any moment, so nothing is opened by a path that
// they have a part in (package beneath), what a file is comes from its descriptor, and
// nothing waits. What is wrong with one owner's files is a [Note] about him and spoils
// nobody else's; what he can make a backup cost is bounded by what is on his disk.
//
// The archive is a PAX tar. Files with holes are stored as GNU tar does (sparse format
// 0.1), so that tar(1) reads them and holes cost nothing. Hard links are kept within one
// application. Sockets, FIFOs, devices, extended attributes and setuid bits are not.
//
// Restoring reads the archive twice: [Archive.Check] before anything happens, and
// [Archive.Stage] into fresh folders that only root can enter, beside the places where
// they belong. [Stage.Swap] then exchanges whole trees, and can be undone.
package archive

import (
	"path"
	"strconv"
	"strings"
	"unicode"
)

// apps is where systemd keeps the state folders of DynamicUser units.
const apps = "var/lib/private/nexushub-apps"

// owner says who writes a tree, and so how far it can be trusted.
type owner int

const (
	root        owner = iota // nobody else: a fault there is a fault of the backup
	proxy                    // the proxy's user
	application              // an application's own user
)

// tree is what is saved and put back as a whole. What is under /run comes back by
// itself.
type tree struct {
	parent string // a folder of root's
	name   string // below parent
	owner  owner
}

var hostTrees = []tree{
	{"etc", "nexushub", root},
	{"var/lib", "nexushub", root},
	{"var/lib", "nexushub-proxy", proxy},
	{"var/lib/private", "nexushub-git", application}, // the repositories that are pushed to
}

// appTree is the tree of one application.
func appTree(id string) tree {
	return tree{path.Dir(apps), path.Join(path.Base(apps), id), application}
}

func (t tree) path() string { return path.Join(t.parent, t.name) }

// label is what a note calls the tree.
func (t tree) label() string {
	if t.owner == application {
		return path.Base(t.name)
	}
	return "/" + t.path()
}

// Note says what a backup or a restore has to say about one file.
type Note struct {
	Tree string // an application's id, or a folder of ours
	Name string // below it
	Text string
	Lost bool // content is missing that should be there
}

// String is one line: a name must not look like a line about somebody else.
func (n Note) String() string {
	name := n.Name
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		name = strconv.Quote(name)
	}
	return strings.TrimSuffix(n.Tree+": "+name, ": ") + ": " + n.Text
}

// The records that we add to the archive.
const (
	recordChanged = "NEXUSHUB.changed" // a file that changed while it was read
	sparsePrefix  = "GNU.sparse."
)
