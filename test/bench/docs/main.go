// Docs writes the results in dist/bench into docs/benchmarks.md.
package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/test/bench/report"
)

const document = "docs/benchmarks.md"

const head = `# Benchmarks

Made by ` + "`make bench`" + `: every subject is measured in the same run on the same machine, so the
ratios count and the absolute figures do not. CPU time is the subject's own, from /proc.

`

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench docs:", err)
		os.Exit(1)
	}
}

func run() error {
	reports, err := report.Load()
	if err != nil {
		return err
	}
	if len(reports) == 0 {
		return errors.New("no results in " + report.Dir + ": run make bench first")
	}
	sections, err := written()
	if err != nil {
		return err
	}
	for _, r := range reports {
		var b strings.Builder
		r.Markdown(&b)
		sections[r.Name] = b.String()
	}
	var b strings.Builder
	b.WriteString(head)
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		b.WriteString(sections[name])
	}
	return os.WriteFile(document, []byte(strings.TrimRight(b.String(), "\n")+"\n"), 0o644)
}

// written is what the document says of each benchmark: it stays for what was not measured again.
func written() (map[string]string, error) {
	text, err := os.ReadFile(document)
	if err != nil {
		return nil, err
	}
	sections := map[string]string{}
	for _, s := range strings.Split("\n"+string(text), "\n## ")[1:] {
		name, _, _ := strings.Cut(s, "\n")
		sections[name] = "## " + strings.TrimRight(s, "\n") + "\n\n"
	}
	return sections, nil
}
