package nexushub_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	quoted   = regexp.MustCompile("`([^`]+)`")
	goName   = regexp.MustCompile(`^(?:([a-z][a-z0-9_]*|[A-Za-z]\w*)\.)?([A-Za-z]\w*)(\(\))?$`)
	camel    = regexp.MustCompile(`[a-z][A-Z]|^[A-Z][a-z]`)
	testName = regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`)
	fileName = regexp.MustCompile(`^[\w.*-]+(/[\w.*-]+)*/?$`)
	knownExt = []string{".go", ".md", ".txt", ".toml", ".json", ".yml"}
)

// tree is what the documents may name: every file and folder, and what is declared where.
type tree struct {
	paths    []string
	declared map[string]map[string]bool // by file; names as Name, Type.Name and package.Name
	anywhere map[string]bool
}

// Documents that lead through the code name files, functions and types in backquotes.
// Each has to exist, and in a step that names one file, the names are those of that file:
// so a rename that forgets the documents fails here.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	code := readTree(t)
	for _, name := range []string{"ARCHITECTURE.md", "CONTRIBUTING.md", "docs/glossary.md"} {
		checked := 0
		for _, step := range steps(t, name) {
			checked += code.check(t, name, step)
		}
		if checked < 10 {
			t.Errorf("%s: only %d names checked: the search is broken", name, checked)
		}
	}
}

// docs/security.md proves what it claims by tests.
func TestSecurityDocumentNamesTests(t *testing.T) {
	code := readTree(t)
	checked := 0
	for _, step := range steps(t, "docs/security.md") {
		for _, word := range quotedWords(step) {
			if testName.MatchString(word) {
				checked++
				if !code.anywhere[word] {
					t.Errorf("docs/security.md names %s, which does not exist", word)
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d names of tests checked: the search is broken", checked)
	}
}

// check reports what a step names and is not there. It returns how many names it has checked.
func (code *tree) check(t *testing.T, document, step string) (checked int) {
	t.Helper()
	names := code.anywhere
	if files := code.goFiles(step); len(files) == 1 {
		names = code.declared[files[0]]
	}
	for _, word := range quotedWords(step) {
		switch {
		case isPath(word):
			checked++
			if !code.has(word) {
				t.Errorf("%s names the path %s, which does not exist", document, word)
			}
		case isGoName(word):
			checked++
			if !names[strings.TrimSuffix(word, "()")] {
				t.Errorf("%s names %s, which is not declared: %s", document, word, step)
			}
		}
	}
	return checked
}

// goFiles are the Go files that a step names.
func (code *tree) goFiles(step string) (files []string) {
	for _, word := range quotedWords(step) {
		if code.declared[word] != nil && !slices.Contains(files, word) {
			files = append(files, word)
		}
	}
	return files
}

// has says whether a path exists: below the root, as the end of a longer path (testdata/fuzz),
// or as a package of the standard library.
func (code *tree) has(word string) bool {
	word = strings.TrimSuffix(word, "/")
	for _, p := range code.paths {
		if whole, _ := filepath.Match(word, p); whole || strings.HasSuffix(p, "/"+word) {
			return true
		}
	}
	_, err := os.Stat(filepath.Join(build.Default.GOROOT, "src", word))
	return err == nil
}

func isPath(word string) bool {
	first, _, slash := strings.Cut(word, "/")
	if !fileName.MatchString(word) || slash && (first == "dist" || strings.Contains(first, ".")) {
		return false // an address, an absolute path, a command, what make leaves
	}
	return slash || slices.Contains(knownExt, filepath.Ext(word))
}

// isGoName says whether a word is meant as a name of the code: it has both cases, a
// qualifier, or parentheses.
func isGoName(word string) bool {
	m := goName.FindStringSubmatch(word)
	return m != nil && (m[1] != "" || m[3] != "" || camel.MatchString(m[2]))
}

func quotedWords(step string) (words []string) {
	for _, m := range quoted.FindAllStringSubmatch(step, -1) {
		words = append(words, m[1])
	}
	return words
}

// steps are the paragraphs, list items and table rows of a document, without its examples.
func steps(t *testing.T, document string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	begins := regexp.MustCompile(`^\s*([-*|#]|\d+\.)`)
	fenced, open := false, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		switch {
		case fenced || line == "" || strings.HasPrefix(line, "    "):
			open = false
		case open && !begins.MatchString(line):
			all[len(all)-1] += " " + strings.TrimSpace(line)
		default:
			all, open = append(all, strings.TrimSpace(line)), true
		}
	}
	return all
}

func readTree(t *testing.T) *tree {
	t.Helper()
	code := &tree{declared: map[string]map[string]bool{}, anywhere: map[string]bool{}}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (name == "dist" || name == ".git" || name == ".cache") {
			return fs.SkipDir
		}
		code.paths = append(code.paths, filepath.ToSlash(name))
		if filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		names := declarations(file)
		code.declared[filepath.ToSlash(name)] = names
		maps.Copy(code.anywhere, names)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// declarations are the names of a file's functions, methods, types, fields, constants and
// variables, alone and with what they belong to.
func declarations(file *ast.File) map[string]bool {
	names := map[string]bool{}
	add := func(owner string, list ...*ast.Ident) {
		for _, n := range list {
			names[n.Name], names[file.Name.Name+"."+n.Name], names[owner+"."+n.Name] = true, true, true
		}
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			add(receiver(d), d.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					add(file.Name.Name, s.Name)
					for _, f := range fields(s.Type) {
						add(s.Name.Name, f.Names...)
					}
				case *ast.ValueSpec:
					add(file.Name.Name, s.Names...)
				}
			}
		}
	}
	return names
}

func fields(t ast.Expr) []*ast.Field {
	switch t := t.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	}
	return nil
}

// receiver is the type that a method belongs to; empty for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	name, _ := t.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}
