// Package nexushub_test holds the rules of ARCHITECTURE.md that a machine can check.
package nexushub_test

import (
	"debug/buildinfo"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nexushub/nexushub"

// level of each top-level folder: a package imports only lower levels, or its own folder.
var level = map[string]int{
	"internal": 0,
	"proxyctl": 1,
	"units":    2, "journal": 2, "proxy": 2, "api": 2,
	"agent": 3,
	"debug": 4, "control": 4, "git": 4,
	"cmd": 5, "apps": 5,
}

// only says which folders may import a library; everybody else must not. The two APIs share
// their middleware in internal/apiserver, so that package may know their framework.
var only = map[string][]string{
	"github.com/labstack/echo":       {"debug", "control", "git", "internal/apiserver"},
	"github.com/coreos/go-systemd":   {"units", "internal/sdnotify", "cmd"},
	"github.com/godbus/dbus":         {"units", "cmd"},
	"github.com/caddyserver/":        {"proxy"},
	"github.com/spf13/cobra":         {"cmd"},
	"github.com/pelletier/go-toml":   {"internal"},
	"github.com/schollz/progressbar": {"cmd"},
	"modernc.org/":                   {"apps"},
	"golang.org/x/crypto/argon2":     {"apps/login/password"},
}

// source is one Go file outside of test/, examples/ and of test files.
type source struct {
	dir  string // slash-separated, relative to the root
	file *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			skip := name == "dist" || name == "examples" || name == "test" || (len(name) > 1 && name[0] == '.')
			if skip {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, source{filepath.ToSlash(filepath.Dir(name)), file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d source files found: the walk is broken", len(out))
	}
	return out
}

func (s source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

// in says whether the file lies in the folder or below it.
func (s source) in(folder string) bool {
	return s.dir == folder || strings.HasPrefix(s.dir, folder+"/")
}

func top(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	return first
}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		own, known := level[top(s.dir)]
		if !known {
			t.Errorf("%s: no level is given to this folder", s.dir)
		}
		for _, imported := range s.imports() {
			rest, ours := strings.CutPrefix(imported, module+"/")
			if !ours || top(rest) == top(s.dir) {
				continue
			}
			if level[top(rest)] >= own {
				t.Errorf("%s imports %s: not below it", s.dir, rest)
			}
		}
	}
}

func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	for _, s := range sources(t) {
		for _, imported := range s.imports() {
			for prefix, folders := range only {
				if strings.HasPrefix(imported, prefix) && !slices.ContainsFunc(folders, s.in) {
					t.Errorf("%s imports %s: only %v may", s.dir, imported, folders)
				}
			}
		}
	}
}

// The engine that faces the network is linked by its own program alone; who controls it
// imports proxyctl.
func TestOnlyNexushubProxyImportsTheProxy(t *testing.T) {
	for _, s := range sources(t) {
		if top(s.dir) == "proxy" || s.dir == "cmd/nexushub-proxy" {
			continue
		}
		for _, imported := range s.imports() {
			if rest, ours := strings.CutPrefix(imported, module+"/"); ours && top(rest) == "proxy" {
				t.Errorf("%s imports %s: only cmd/nexushub-proxy may", s.dir, rest)
			}
		}
	}
}

// engineModules are for certificates, ACME, DNS and QUIC, with what they bring along.
// golang.org/x/crypto and golang.org/x/net are not listed: echo imports packages of
// theirs, which brought lists and of which only idna is called, by internal/hostname.
var engineModules = []string{
	"github.com/caddyserver/", "github.com/mholt/acmez", "github.com/miekg/dns", "github.com/libdns/",
	"github.com/quic-go/",
	"go.uber.org/", "github.com/zeebo/blake3", "github.com/klauspost/cpuid",
}

// brought by echo, for its own TLS server, which is never started.
var brought = []string{
	"golang.org/x/crypto/acme", "golang.org/x/crypto/acme/autocert",
	"golang.org/x/net/http/httpguts", "golang.org/x/net/http2", "golang.org/x/net/http2/h2c",
	"golang.org/x/net/http2/hpack", "golang.org/x/net/idna", "golang.org/x/net/internal/httpcommon",
	"golang.org/x/net/internal/httpsfv",
}

// The daemon that is root is small: it has nothing of what faces the network.
func TestNexushubdLinksNoTLSEngine(t *testing.T) {
	program := filepath.Join(t.TempDir(), "nexushubd")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "./cmd/nexushubd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) < 5 {
		t.Fatalf("only %d modules found: they cannot be read", len(info.Deps))
	}
	for _, dep := range info.Deps {
		for _, prefix := range engineModules {
			if strings.HasPrefix(dep.Path, prefix) {
				t.Errorf("nexushubd links %s", dep.Path)
			}
		}
	}
	packages, err := exec.Command("go", "list", "-deps", "./cmd/nexushubd").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(packages)) {
		name := strings.TrimSpace(line)
		rest, ours := strings.CutPrefix(name, module+"/")
		of := strings.HasPrefix(name, "golang.org/x/crypto/") || strings.HasPrefix(name, "golang.org/x/net/")
		if ours && top(rest) == "proxy" || of && !slices.Contains(brought, name) {
			t.Errorf("nexushubd links package %s", name)
		}
	}
}

// What the plan and the hints decide follows from their arguments: they cannot reach for anything else.
func TestThePlanIsPure(t *testing.T) {
	forbidden := []string{
		"context", "os", "os/", "sync", "sync/", "net", "net/", "io", "io/", "log/", "syscall", "golang.org/",
		module + "/agent", module + "/agent/", module + "/journal",
	}
	allowed := []string{module + "/agent/audience", module + "/agent/fact"}
	n := map[string]int{}
	for _, s := range sources(t) {
		if s.dir != "agent/plan" && s.dir != "agent/hint" {
			continue
		}
		n[s.dir]++
		for _, imported := range s.imports() {
			bad := slices.ContainsFunc(forbidden, func(f string) bool {
				return imported == f || strings.HasSuffix(f, "/") && strings.HasPrefix(imported, f)
			})
			if s.dir == "agent/hint" && imported == "sync" { // for a value that is made once
				continue
			}
			if bad && !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s: it decides, others act", s.dir, imported)
			}
		}
	}
	if len(n) != 2 {
		t.Errorf("only %v have files", n)
	}
}

func TestEveryPackageHasOneComment(t *testing.T) {
	comments := map[string]int{}
	for _, s := range sources(t) {
		n := comments[s.dir]
		if s.file.Doc != nil {
			n++
		}
		comments[s.dir] = n
	}
	for dir, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments, want 1", dir, n)
		}
	}
}

// os.Exit belongs to main alone: everything else returns its error.
func TestOnlyMainExits(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if fn, ok := n.(*ast.FuncDecl); ok && fn.Name.Name == "main" && s.file.Name.Name == "main" {
				return false
			}
			if sel, ok := n.(*ast.SelectorExpr); ok && exits(sel) {
				t.Errorf("%s calls %s.%s outside of main", path.Join(s.dir), sel.X, sel.Sel)
			}
			return true
		})
	}
}

func exits(sel *ast.SelectorExpr) bool {
	pkg, ok := sel.X.(*ast.Ident)
	if !ok {
		return false
	}
	return (pkg.Name == "os" && sel.Sel.Name == "Exit") ||
		(pkg.Name == "log" && strings.HasPrefix(sel.Sel.Name, "Fatal"))
}
