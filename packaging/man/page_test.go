package man

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// page is the source of one manual page.
type page struct {
	name string
	text string
}

func read(t *testing.T, name string) page {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return page{name, string(raw)}
}

// section returns what stands under ".Sh title".
func (p page) section(t *testing.T, title string) string {
	t.Helper()
	_, rest, found := strings.Cut(p.text, "\n.Sh "+title+"\n")
	if !found {
		t.Fatalf("%s has no section %s", p.name, title)
	}
	body, _, _ := strings.Cut(rest, "\n.Sh ")
	return body
}

var (
	tableHead = regexp.MustCompile(`^\.Ss \\&\[([a-zA-Z.]+)\]$`)
	keyItem   = regexp.MustCompile(`^\.It Ic (\S+) = (.+)$`)
)

// item is one documented key of a TOML file.
type item struct {
	table, key string
	value      string // in TOML; empty where the page shows only its meaning
}

func (i item) name() string {
	if i.table == "" {
		return i.key
	}
	return i.table + "." + i.key
}

// items lists the keys that a section documents.
func items(section string) []item {
	var all []item
	var table string
	for line := range strings.Lines(section) {
		line = strings.TrimSuffix(line, "\n")
		if m := tableHead.FindStringSubmatch(line); m != nil {
			table = m[1]
		}
		if m := keyItem.FindStringSubmatch(line); m != nil {
			value := strings.ReplaceAll(m[2], `\(dq`, `"`)
			if strings.HasPrefix(value, "Ar ") {
				value = ""
			}
			all = append(all, item{table, m[1], value})
		}
	}
	return all
}

// document writes what the items show as a TOML file.
func document(all []item) string {
	var b strings.Builder
	var table string
	for _, i := range all {
		if i.value == "" {
			continue
		}
		if i.table != table {
			table = i.table
			b.WriteString("[" + table + "]\n")
		}
		b.WriteString(i.key + " = " + i.value + "\n")
	}
	return b.String()
}
