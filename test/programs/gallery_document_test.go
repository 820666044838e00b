package programs_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

const galleryDocument = "../../docs/gallery.md"

const galleryHead = `# Gallery

Programs that people have, as they are: each is put on a machine by the commands below, in a copy of
its folder in [examples/gallery](../examples/gallery), then used, replaced by another release, and
found again with its data after a reboot. ` + "`make test-gallery`" + ` does all of that on Debian 12 and
13, and ` + "`go test ./test/programs -run TestGallery -update`" + ` writes this page.

The last two columns say how many seconds ` + "`nexushub deploy`" + ` took, from its start to the program's
first answer, on two processors that several programs share.

| program | what it is | Debian 12 | Debian 13 |
|---|---|---|---|
`

// times are how long deploying took.
type times struct {
	mu    sync.Mutex
	taken map[string]time.Duration // by suite and name
}

// of returns what notes a time.
func (m *times) of(s lab.Suite) func(name string, d time.Duration) {
	return func(name string, d time.Duration) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.taken == nil {
			m.taken = map[string]time.Duration{}
		}
		m.taken[string(s)+" "+name] = d
	}
}

// seconds is a time as the document says it; was: as it says it now, which stays where nothing was measured.
func (m *times) seconds(s lab.Suite, name, was string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, ok := m.taken[string(s)+" "+name]; ok {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return was
}

// documented are the times that the document tells, by name.
func documented(t *testing.T) map[string][2]string {
	t.Helper()
	text, err := os.ReadFile(galleryDocument)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][2]string{}
	for _, m := range documentedRow.FindAllStringSubmatch(string(text), -1) {
		found[m[1]] = [2]string{m[2], m[3]}
	}
	return found
}

var documentedRow = regexp.MustCompile(`(?m)^\| \[.*\]\(../examples/gallery/(.+)/README.md\) \|.*\| (.*) \| (.*) \|$`)

// galleryPage is the document.
func galleryPage(t *testing.T, m *times) []byte {
	t.Helper()
	var rows, sections bytes.Buffer
	before := documented(t)
	for _, e := range entries() {
		r := readRecipe(t, e.name)
		program, what, _ := strings.Cut(r.title, ": ")
		was := before[e.name]
		fmt.Fprintf(&rows, "| [%s](../examples/gallery/%s/README.md) | %s | %s | %s |\n", program, e.name, what,
			m.seconds(lab.Bookworm, e.name, was[0]), m.seconds(lab.Trixie, e.name, was[1]))
		fmt.Fprintf(&sections, "\n## %s\n\n    %s\n\n%s\n", program, strings.Join(r.all, "\n    "),
			fill("Used: "+e.used+".", 100))
	}
	return append(append([]byte(galleryHead), rows.Bytes()...), sections.Bytes()...)
}

// fill breaks a paragraph into lines.
func fill(text string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n")
}

// writeGallery writes the document, if that was asked for.
func writeGallery(t *testing.T, m *times) {
	if !*update || t.Failed() {
		return
	}
	if err := os.WriteFile(galleryDocument, galleryPage(t, m), 0o644); err != nil {
		t.Fatal(err)
	}
}

// docs/gallery.md tells what there is, and for each program both times.
func TestGalleryIsDocumented(t *testing.T) {
	if *update {
		t.Skip("TestGallery writes it")
	}
	got, err := os.ReadFile(galleryDocument)
	if err != nil {
		t.Fatal(err)
	}
	if want := galleryPage(t, &times{}); !bytes.Equal(got, want) {
		t.Errorf("run go test ./test/programs -run TestGallery -update; it has\n%s\nnow it would be\n%s", got, want)
	}
	measured := regexp.MustCompile(`^\d+\.\d s$`)
	for name, taken := range documented(t) {
		if !measured.MatchString(taken[0]) || !measured.MatchString(taken[1]) {
			t.Errorf("the times of %s are %q", name, taken)
		}
	}
	folders, err := os.ReadDir(galleryFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if f.IsDir() && !slices.ContainsFunc(entries(), func(e entry) bool { return e.name == f.Name() }) {
			t.Errorf("%s/%s is in no stand of the gallery", galleryFolder, f.Name())
		}
	}
}
