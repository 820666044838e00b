package nexushub_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// byPath are the functions that take a path and resolve it as the kernel does, links
// included. Below a folder that somebody else can write to, internal/beneath takes their
// place.
var byPath = map[string]string{
	"os": `Chdir Chmod Chown Chtimes CopyFS Create CreateTemp DirFS Lchown Link Lstat Mkdir MkdirAll MkdirTemp Open OpenFile
		OpenInRoot OpenRoot ReadDir ReadFile Readlink Remove RemoveAll Rename StartProcess Stat Symlink Truncate WriteFile`,
	"path/filepath":                 "EvalSymlinks Glob Walk WalkDir",
	"io/ioutil":                     "ReadDir ReadFile TempDir TempFile WriteFile",
	"os/exec":                       "Command CommandContext",
	"net":                           "Dial DialTimeout DialUnix Dialer Listen ListenConfig ListenPacket ListenUnix ListenUnixgram",
	"net/http":                      "Dir FileServer ServeFile ServeFileFS",
	"html/template":                 "ParseFiles ParseGlob",
	"text/template":                 "ParseFiles ParseGlob",
	"github.com/BurntSushi/toml":    "DecodeFile",
	"crypto/tls":                    "LoadX509KeyPair",
	"archive/zip":                   "OpenReader",
	"syscall":                       systemCalls,
	"golang.org/x/sys/unix":         systemCalls + " Faccessat2 LinkatTmpfile MoveMount NameToHandleAt OpenTree Openat2 Renameat2 Statx",
	module + "/internal/atomicfile": "Write SyncDir",
}

const systemCalls = `Access Acct Chdir Chmod Chown Chroot Creat Exec Faccessat Fchmodat Fchownat Fstatat Getxattr InotifyAddWatch Lchown Lgetxattr Link Linkat
	Listxattr Lremovexattr Lsetxattr Lstat Mkdir Mkdirat Mkfifo Mknod Mknodat Mount Open Openat PivotRoot Readlink Readlinkat
	Removexattr Rename Renameat Rmdir Setxattr Stat Statfs Symlink Symlinkat Truncate Unlink Unlinkat Utime Utimes UtimesNano UtimesNanoAt`

// known is the list of all uses of byPath, with the reason why each package may.
const known = "testdata/paths.txt"

func TestPathsThatOthersCanWriteAreOpenedBeneath(t *testing.T) {
	listed, found := listedUses(t), map[string]int{}
	for _, s := range sources(t) {
		if s.dir == "internal/beneath" { // the one place for the calls below it
			continue
		}
		for _, use := range pathUses(s.file) {
			found[s.dir+" "+use]++
		}
	}
	for _, use := range slices.Sorted(maps.Keys(found)) {
		if found[use] > listed[use] {
			t.Errorf("new: %s\n\tCan anybody but root write to a folder on that path, or turn a part of it to a link, a FIFO or an endless file? "+
				"Then use internal/beneath (Named for what an operator names, Open and its methods below a folder of somebody else's). "+
				"If not, add it to %s, where its package says why.", use, known)
		}
	}
	for _, use := range slices.Sorted(maps.Keys(listed)) {
		if listed[use] > found[use] {
			t.Errorf("gone: %s: take it out of %s", use, known)
		}
	}
}

// listedUses reads lines "PACKAGE: reason", each followed by indented "FUNCTION: use use".
func listedUses(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(known)
	if err != nil {
		t.Fatal(err)
	}
	uses, dir := map[string]int{}, ""
	for line := range strings.Lines(string(text)) {
		name, rest, ok := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		switch {
		case strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "":
		case !ok || strings.TrimSpace(rest) == "":
			t.Errorf("%s: %q has no reason or no use", known, line)
		case strings.HasPrefix(line, "\t"):
			for use := range strings.FieldsSeq(rest) {
				uses[dir+" "+strings.TrimSpace(name)+": "+use]++
			}
		default:
			dir = name
		}
	}
	return uses
}

// pathUses lists "FUNCTION: pkg.Name" for every mention of a function of byPath, called
// or passed on.
func pathUses(file *ast.File) (uses []string) {
	packages := map[string]string{} // the name in this file -> import path
	for _, spec := range file.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		name := imported[strings.LastIndexByte(imported, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		packages[name] = imported
	}
	for _, decl := range file.Decls {
		ast.Inspect(decl, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				pkg, ok := sel.X.(*ast.Ident)
				if ok && slices.Contains(strings.Fields(byPath[packages[pkg.Name]]), sel.Sel.Name) {
					base := packages[pkg.Name]
					uses = append(uses, nameOf(decl)+": "+base[strings.LastIndexByte(base, '/')+1:]+"."+sel.Sel.Name)
				}
			}
			return true
		})
	}
	return uses
}

// nameOf is FUNCTION or TYPE.METHOD.
func nameOf(decl ast.Decl) string {
	fn, ok := decl.(*ast.FuncDecl)
	if !ok {
		return "variables"
	}
	if fn.Recv == nil {
		return fn.Name.Name
	}
	receiver := fn.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if name, ok := receiver.(*ast.Ident); ok {
		return name.Name + "." + fn.Name.Name
	}
	return fn.Name.Name
}

// What the list is compared with finds calls under any name and as values.
func TestPathUsesAreFound(t *testing.T) {
	const code = `package p
import ("os"; fp "path/filepath"; "golang.org/x/sys/unix"; "strings")
var clean = os.RemoveAll
type T struct{}
func (t *T) walk() { fp.WalkDir("/", nil); unix.Openat2(0, "", nil); strings.Cut("", ""); os.Getpid() }
func plain() { os := struct{ f func() }{}; os.f() }
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", code, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"variables: os.RemoveAll", "T.walk: filepath.WalkDir", "T.walk: unix.Openat2"}
	if got := pathUses(file); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
