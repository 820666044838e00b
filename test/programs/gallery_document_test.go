package programs_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
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
found again with its data after a reboot. ` + "`go test ./test/programs -run TestGallery -update`" + ` does
all of that on Debian 12 and 13 and writes this page.

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

func (m *times) seconds(s lab.Suite, name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprintf("%.1f s", m.taken[string(s)+" "+name].Seconds())
}

// galleryPage is the document.
func galleryPage(t *testing.T, m *times) []byte {
	t.Helper()
	var rows, sections bytes.Buffer
	for _, e := range gallery {
		r := readRecipe(t, e.name)
		program, what, _ := strings.Cut(r.title, ": ")
		fmt.Fprintf(&rows, "| [%s](../examples/gallery/%s/README.md) | %s | %s | %s |\n", program, e.name, what,
			m.seconds(lab.Bookworm, e.name), m.seconds(lab.Trixie, e.name))
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

// writeGallery writes the document, if that was asked for and everything was measured.
func writeGallery(t *testing.T, m *times) {
	if !*update || t.Failed() {
		return
	}
	if want := len(gallery) * len(lab.Suites); len(m.taken) != want {
		t.Fatalf("%d of %d were measured: docs/gallery.md stays", len(m.taken), want)
	}
	if err := os.WriteFile(galleryDocument, galleryPage(t, m), 0o644); err != nil {
		t.Fatal(err)
	}
}

// docs/gallery.md tells what there is; only its times may be others.
func TestGalleryIsDocumented(t *testing.T) {
	if *update {
		t.Skip("TestGallery writes it")
	}
	time := regexp.MustCompile(`\d+\.\d s\b`)
	got, err := os.ReadFile(galleryDocument)
	if err != nil {
		t.Fatal(err)
	}
	want := galleryPage(t, &times{})
	if !bytes.Equal(time.ReplaceAll(got, nil), time.ReplaceAll(want, nil)) {
		t.Errorf("run go test ./test/programs -run TestGallery -update; it has\n%s\nnow it would be\n%s", got, want)
	}
	entries, err := os.ReadDir(galleryFolder)
	if err != nil {
		t.Fatal(err)
	}
	folders := 0
	for _, e := range entries {
		if e.IsDir() {
			folders++
		}
	}
	if folders != len(gallery) {
		t.Errorf("there are %d folders in %s, and %d entries here", folders, galleryFolder, len(gallery))
	}
}
