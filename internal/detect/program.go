package detect

import (
	"regexp"
	"strings"
)

// byProgram is the only program of a package, in its folder or in bin.
func byProgram(f *folder) (Result, bool) {
	var found []string
	for _, dir := range []string{".", "bin"} {
		for _, name := range f.names(dir, "") {
			if f.head(name, 4) == "\x7fELF" && !strings.Contains(name, ".so") {
				found = append(found, name)
			}
		}
	}
	if len(found) != 1 {
		return Result{}, false
	}
	word := found[0]
	if !strings.Contains(word, "/") {
		word = "./" + word
	}
	return application("program", found[0], found[0]+" is the only program", word), true
}

// bySource names the step that makes a program of its source.
func bySource(f *folder) (Result, bool) {
	switch {
	case f.isFile("go.mod"):
		return missing("Go", "go.mod", "there is a go.mod",
			toBuild("CGO_ENABLED=0 go build -o bin/server "+f.goProgram()))
	case f.isFile("Cargo.toml"):
		name := "NAME"
		if m := crate.FindStringSubmatch(f.read("Cargo.toml")); m != nil {
			name = m[1]
		}
		return missing("Rust", "Cargo.toml", "there is a Cargo.toml",
			toBuild("cargo build --release && install -D target/release/"+name+" bin/server"))
	}
	return Result{}, false
}

var crate = regexp.MustCompile(`(?m)^name\s*=\s*"([A-Za-z0-9_-]+)"`)
