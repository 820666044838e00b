// Command start measures how long an application takes from the call that starts it to
// its first HTTP 200, side by side in one machine with a real systemd: a plain process, a
// bare transient unit, a transient unit with the same sandbox made by hand, and ours. The
// cases take turns in random order, so that a busy machine disturbs all alike; the ratio
// of the medians counts.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"

	"github.com/nexushub/nexushub/test/bench/report"
	"github.com/nexushub/nexushub/test/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench/start:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("start", flag.ContinueOnError)
	flags.SetOutput(stderr)
	suite := flags.String("suite", string(lab.Bookworm), "Debian release of the machine")
	rounds := flags.Int("rounds", 25, "starts of each kind")
	many := flags.Int("many", 500, "applications of the cold start, 0 leaves it out")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := lab.ParseSuite(*suite)
	if err != nil {
		return err
	}
	rows, err := measure(ctx, s, fmt.Sprint(*rounds), fmt.Sprint(*many), stderr)
	if err != nil {
		return err
	}
	r := report.New("start")
	r.Rows = rows
	for _, of := range []struct{ scenario, benchmark string }{
		{"reconcile 1000", "BenchmarkReconcile"}, {"reconcile 1000 of 3", "BenchmarkReconcileProcesses"},
	} {
		took, err := reconcile(ctx, of.benchmark)
		if err != nil {
			return err
		}
		r.Rows = append(r.Rows,
			report.Row{Case: of.scenario, Subject: "nexushubd", Metric: "unchanged", Value: took, Unit: "ms"})
	}
	ratios(r)
	r.Notes = append(r.Notes, method)
	return r.Finish(stdout)
}

// method says what is compared with what.
const method = "The clock runs from the call to the first 200. \"API to routed 200\" sends its request through TLS and the proxy together with the call, and the proxy holds it until the application is healthy. " +
	"The raw unit has the same properties, but for the helper that tells stderr from stdout; its request goes straight to its port, when its start job is done."

// install puts the package and the inner program into the machine.
func install(ctx context.Context, m *lab.Machine, dir string) error {
	deb, err := lab.Deb()
	if err != nil {
		return err
	}
	if _, err := m.InstallDeb(ctx, deb); err != nil {
		return err
	}
	file := filepath.Join(dir, "bench")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file,
		"./test/bench/start/inside")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return m.CopyIn(ctx, file, "/srv/bench/bin/app")
}

// measure runs the inner program in a fresh machine.
func measure(ctx context.Context, suite lab.Suite, rounds, many string, stderr io.Writer) ([]report.Row, error) {
	dir, err := os.MkdirTemp("", "nexushub-bench-start-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	m, err := lab.Start(ctx, lab.Options{Suite: suite, Progress: stderr})
	if err != nil {
		return nil, err
	}
	defer m.Shutdown()
	if err := install(ctx, m, dir); err != nil {
		return nil, err
	}
	cmd := m.Command(ctx, "/srv/bench/bin/app", "measure", rounds, many)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	var rows []report.Row
	return rows, json.Unmarshal(out.Bytes(), &rows)
}

// reconcile runs one of the agent's own benchmarks: milliseconds for 1,000 unchanged instances, of one
// process each or of three.
func reconcile(ctx context.Context, benchmark string) (float64, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^"+benchmark+"$",
		"./agent").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, out)
	}
	found := perOp.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("no figure in:\n%s", out)
	}
	ns, err := strconv.ParseFloat(string(found[1]), 64)
	return ns / 1e6, err
}

var perOp = regexp.MustCompile(`BenchmarkReconcile\S*\s+\d+\s+(\S+) ns/op`)

// ratios compares ours with the same unit made by hand.
func ratios(r *report.Report) {
	find := func(scenario, subject, metric string) float64 {
		for _, row := range r.Rows {
			if row.Case == scenario && row.Subject == subject && row.Metric == metric {
				return row.Value
			}
		}
		return 0
	}
	ratio := func(key, scenario, subject, metric string) {
		if raw := find(scenario, "raw sandbox", metric); raw > 0 {
			r.Ratios[key] = find(scenario, subject, metric) / raw
		}
	}
	ratio("start_vs_raw", "routed", "API to routed 200", "p50")
	ratio("manager_vs_raw", "one", "Manager.Start", "p50")
	ratio("cold500_vs_raw", "cold", "nexushubd", "all answer")
	ratio("cold500_manager_vs_raw", "cold", "Manager.Start", "all answer")
	r.Ratios["idle_cpu_percent"] = find("idle", "nexushubd", "CPU")
	r.Ratios["idle_rss_mib"] = find("idle", "nexushubd", "RSS")
	r.Ratios["idle1000replicas_cpu_percent"] = find("idle 1000 replicas", "nexushubd", "CPU")
	r.Ratios["idle1000replicas_rss_mib"] = find("idle 1000 replicas", "nexushubd", "RSS")
	r.Ratios["reconcile3000_ms"] = find("reconcile 1000 of 3", "nexushubd", "unchanged")
	r.Ratios["reconcile1000_ms"] = find("reconcile 1000", "nexushubd", "unchanged")
}
