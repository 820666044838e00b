// Package report is the one form of every benchmark's result: dist/bench/NAME.json,
// the same as a table on stdout, and docs/benchmarks.md made from all of them.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Dir is where results lie, relative to the repository's root.
const Dir = "dist/bench"

// Report is one benchmark's result. Ratios are what is promised; Rows are absolute
// figures of one machine at one time.
type Report struct {
	Name    string             `json:"name"`
	Date    string             `json:"date"`
	Commit  string             `json:"commit"`
	Machine string             `json:"machine"`
	Rows    []Row              `json:"rows"`
	Ratios  map[string]float64 `json:"ratios"`
	Notes   []string           `json:"notes,omitempty"` // versions of what was compared with, where time goes
}

// Row is one measured figure: in Case, Subject had Value Units of Metric.
type Row struct {
	Case    string  `json:"case"`
	Subject string  `json:"subject"`
	Metric  string  `json:"metric"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
}

// New starts a report about this commit on this machine.
func New(name string) *Report {
	return &Report{
		Name: name, Date: time.Now().UTC().Format(time.DateOnly), Commit: commit(),
		Machine: machine(), Ratios: map[string]float64{},
	}
}

// Add appends one figure.
func (r *Report) Add(scenario, subject, metric string, value float64, unit string) {
	r.Rows = append(r.Rows, Row{scenario, subject, metric, value, unit})
}

// Note appends a line for the reader.
func (r *Report) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Finish writes Dir/NAME.json and prints the table.
func (r *Report) Finish(w io.Writer) error {
	if err := os.MkdirAll(Dir, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(Dir, r.Name+".json")
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return err
	}
	r.print(w)
	_, err = fmt.Fprintf(w, "\nwritten to %s\n", path)
	return err
}

func (r *Report) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s, %s, %s, %s\n\n", r.Name, r.Date, r.Commit, r.Machine)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "case\tsubject\tmetric\tvalue\tunit")
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", row.Case, row.Subject, row.Metric, number(row.Value), row.Unit)
	}
	fmt.Fprintln(t, "\t\t\t\t")
	for _, key := range slices.Sorted(maps.Keys(r.Ratios)) {
		fmt.Fprintf(t, "%s\t\t\t%s\t\n", key, number(r.Ratios[key]))
	}
	t.Flush()
}

// Markdown writes the section of docs/benchmarks.md.
func (r *Report) Markdown(w io.Writer) {
	fmt.Fprintf(w, "## %s\n\n%s, commit %s, %s\n\n", r.Name, r.Date, r.Commit, r.Machine)
	fmt.Fprintf(w, "| ratio | value |\n|---|---|\n")
	for _, key := range slices.Sorted(maps.Keys(r.Ratios)) {
		fmt.Fprintf(w, "| `%s` | %s |\n", key, number(r.Ratios[key]))
	}
	fmt.Fprintf(w, "\n| case | subject | metric | value | unit |\n|---|---|---|---|---|\n")
	for _, row := range r.Rows {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", row.Case, row.Subject, row.Metric, number(row.Value), row.Unit)
	}
	fmt.Fprintln(w)
	for _, n := range r.Notes {
		fmt.Fprintf(w, "- %s\n", n)
	}
	fmt.Fprintln(w)
}

// Load reads every result in Dir, sorted by name.
func Load() ([]*Report, error) {
	files, err := filepath.Glob(filepath.Join(Dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var out []*Report
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		r := &Report{}
		if err := json.Unmarshal(data, r); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func number(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

func machine() string {
	model := "unknown CPU"
	data, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.TrimSpace(strings.TrimLeft(name, "\t: "))
				break
			}
		}
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("unknown")
	}
	return fmt.Sprintf("%d cores %s, Linux %s, %s", runtime.NumCPU(), model, strings.TrimSpace(string(kernel)),
		runtime.Version())
}
