package nexushub_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// field is a match of journalctl by a field that every program may write.
var field = regexp.MustCompile(`[^_A-Z\$][A-Z][A-Z0-9_]*=`)

// Applications can write every field of the journal but those with an underscore in
// front, and developers choose their units' names. So each recipe that we hand out says
// which of our units, or PID 1, has to have written the line.
func TestJournalRecipesSelectByUnit(t *testing.T) {
	found := 0
	for _, name := range documents(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			_, recipe, ok := strings.Cut(line, "journalctl ")
			if !ok {
				continue
			}
			found++
			recipe, _, _ = strings.Cut(recipe, "`")
			recipe, _, _ = strings.Cut(recipe, " #")
			ours := regexp.MustCompile(`-u (nexushubd|nexushub-proxy|UNIT)\b|_SYSTEMD_UNIT=|_PID=1`).MatchString(recipe)
			if field.MatchString(" "+recipe) && !ours ||
				strings.Contains(recipe, "nexushub-app-") && strings.Contains(recipe, "*") {
				t.Errorf("%s: whoever can write to the journal can forge what this shows: %s", name, strings.TrimSpace(line))
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d recipes found: the search is broken", found)
	}
}

// documents are the texts that recipes stand in.
func documents(t *testing.T) (names []string) {
	t.Helper()
	kinds := []string{".md", ".1", ".5", ".7", ".8", ".go", ".Debian"}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (name == "dist" || name == "test" || name[0] == '.') {
			return fs.SkipDir
		}
		if slices.Contains(kinds, filepath.Ext(name)) && !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
