package programs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const galleryFolder = "../../examples/gallery"

// recipe is what the README of a program in the gallery tells a user to type: its first block of commands, the last of
// which deploys.
type recipe struct {
	title    string
	packages []string // of Debian
	registry []string // commands that ask a registry: they run here, for a machine has no network
	local    []string
	deploy   string
	all      []string
}

var (
	asksRegistry = regexp.MustCompile(`\b(npm|go) `)
	codeBlock    = regexp.MustCompile(`(?m)^    .*\n(?:(?:    .*)?\n)*`)
)

func readRecipe(t *testing.T, name string) (r recipe) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(galleryFolder, name, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	r.title = strings.TrimPrefix(first, "# ")
	for line := range strings.Lines(codeBlock.FindString(string(text))) {
		if line = strings.TrimSpace(line); line != "" {
			r.add(line)
		}
	}
	if len(r.all) == 0 || r.deploy != r.all[len(r.all)-1] {
		t.Fatalf("%s: its README has no commands that end with nexushub deploy", name)
	}
	return r
}

func (r *recipe) add(line string) {
	r.all = append(r.all, line)
	words, install := strings.CutPrefix(line, "apt install ")
	switch {
	case install:
		r.packages = slices.DeleteFunc(strings.Fields(words), func(w string) bool { return strings.HasPrefix(w, "-") })
	case strings.HasPrefix(line, "nexushub deploy"):
		r.deploy = line
	case asksRegistry.MatchString(line):
		r.registry = append(r.registry, line)
	default:
		r.local = append(r.local, line)
	}
}
