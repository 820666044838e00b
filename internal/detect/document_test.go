package detect

import (
	"os"
	"strings"
	"testing"
)

const (
	document = "../../packaging/man/nexushub-manifest.5"
	begin    = ".\\\" the table of internal/detect: go test ./internal/detect -update\n"
	end      = "\n.\\\" end of the table\n"
)

// The manual has the same table.
func TestManualHasTheTable(t *testing.T) {
	data, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), begin)
	got, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", document)
	}
	want := tableForManual()
	if *update {
		if err := os.WriteFile(document, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("%s differs from the table; go test ./internal/detect -update rewrites it", document)
	}
}

func tableForManual() string {
	var lines []string
	for _, row := range Table {
		lines = append(lines, ".It Sy "+row.Name)
		lines = append(lines, wrapped("Seen by "+row.Seen+".")...)
		lines = append(lines, wrapped("Starts or serves: "+row.Starts+".")...)
		if row.Listens != "" {
			lines = append(lines, wrapped("Address and port: "+row.Listens+".")...)
		}
	}
	return strings.Join(lines, "\n")
}

// wrapped is a sentence in lines of roff, none of which begins as a request would.
func wrapped(sentence string) (lines []string) {
	const width = 80
	line := ""
	for word := range strings.FieldsSeq(sentence) {
		if line != "" && len(line)+len(word) >= width {
			lines, line = append(lines, line), ""
		}
		if line == "" && strings.ContainsAny(word[:1], ".'") {
			word = `\&` + word
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
