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
	name     string
	title    string
	packages []string // of Debian
	registry []string // commands that ask a registry: they run here, for a machine has no network
	local    []string
	token    string // makes the one that git push asks for
	deploy   string
	again    string // deploys what has changed since
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
	r.name = name
	r.title = strings.TrimPrefix(first, "# ")
	for line := range strings.Lines(codeBlock.FindString(string(text))) {
		if line = strings.TrimSpace(line); line != "" {
			r.add(line)
		}
	}
	if len(r.all) == 0 || r.deploy != r.all[len(r.all)-1] {
		t.Fatalf("%s: its README has no commands that end with nexushub deploy or git push", name)
	}
	return r
}

func (r *recipe) add(line string) {
	r.all = append(r.all, line)
	words, install := strings.CutPrefix(line, "apt install ")
	switch {
	case install:
		r.packages = append(r.packages, strings.Fields(words)...)
		r.packages = slices.DeleteFunc(r.packages, func(w string) bool { return strings.HasPrefix(w, "-") })
	case strings.HasPrefix(line, "nexushub token create"):
		r.token = line
	case strings.HasPrefix(line, "nexushub deploy"):
		r.deploy, r.again = line, "nexushub deploy --quiet"
	case strings.HasPrefix(line, "git push"):
		r.deploy, r.again = line, "git commit --quiet -am again; "+line
	case asksRegistry.MatchString(line):
		r.registry = append(r.registry, line)
	default:
		r.local = append(r.local, line)
	}
}

// folder is where the program lies on a machine.
func (r recipe) folder() string { return "/srv/" + r.name }

// askPass is the program that answers git's question for a password.
func (r recipe) askPass() string { return "/root/" + r.name + ".askpass" }

// in is a script that runs commands in the folder.
func (r recipe) in(commands ...string) string {
	return "cd " + r.folder() + "\nexport GIT_ASKPASS=" + r.askPass() + "\n" + strings.Join(commands, "\n")
}
