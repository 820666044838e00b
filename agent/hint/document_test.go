package hint

import (
	"flag"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/manifest"
)

var update = flag.Bool("update", false, "rewrite the table in docs/operations.md")

const (
	document = "../../docs/operations.md"
	begin    = "<!-- the table of agent/hint: go test ./agent/hint -update -->\n"
	end      = "\n<!-- end of the table -->\n"
)

// docs/operations.md has the same table.
func TestDocumentHasTheTable(t *testing.T) {
	data, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), begin)
	got, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", document)
	}
	want := inWords()
	if *update {
		if err := os.WriteFile(document, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("%s differs from the table; go test ./agent/hint -update rewrites it", document)
	}
}

func inWords() string {
	var b strings.Builder
	b.WriteString("| hint | it says | what it means | what to write |\n|---|---|---|---|\n")
	for _, r := range rows() {
		f := Facts{Manifest: manifest.Default()}
		values := f.values()
		maps.Copy(values, map[string]string{"network": "guest"})
		for _, word := range []string{"program", "path", "library", "version", "module", "address", "other", "at"} {
			values[word] = strings.ToUpper(word)
		}
		values["other"], values["at"] = "N", "N"
		cells := []string{r.name, r.seen, fill(r.means, values), fill(r.write, values)}
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", `\|`)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
