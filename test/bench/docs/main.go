// Docs makes docs/benchmarks.md from the results in dist/bench.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/nexushub/nexushub/test/bench/report"
)

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
	b := bytes.NewBufferString(head)
	for _, r := range reports {
		r.Markdown(b)
	}
	return os.WriteFile("docs/benchmarks.md", b.Bytes(), 0o644)
}
