// Command fuzz runs every fuzz target of the packages that it is given, all by default,
// and says what came of it. The targets are found, not listed: a new one is never
// forgotten. Inputs that led further are kept between runs, in NEXUSHUB_FUZZ_CACHE or
// .cache/fuzz; an input that fails is written to the package's testdata/fuzz, where every
// later `go test` runs it, and the run fails. FUZZ_TIME is what each target gets, as for
// -fuzztime ("30s", "1000x"); without it ten minutes, an hour for the readings of paths
// and the head of a request. FUZZ_PARALLEL is how many workers, FUZZ_RUN which targets.
package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, packages []string) error {
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	only, err := regexp.Compile(os.Getenv("FUZZ_RUN"))
	if err != nil {
		return fmt.Errorf("FUZZ_RUN: %w", err)
	}
	cache, err := filepath.Abs(cmp.Or(os.Getenv("NEXUSHUB_FUZZ_CACHE"), ".cache/fuzz"))
	if err != nil {
		return err
	}
	listed, err := exec.CommandContext(ctx, "go", append([]string{"test", "-list", "^Fuzz"},
		packages...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("targets cannot be listed: %w\n%s", err, listed)
	}
	targets := matching(parseList(string(listed)), only)
	if len(targets) == 0 {
		return fmt.Errorf("no fuzz target in %v", packages)
	}
	return runAll(ctx, targets, cache)
}

func runAll(ctx context.Context, targets []target, cache string) error {
	failed := 0
	for _, t := range targets {
		begun := time.Now()
		out, err := t.fuzz(ctx, cache)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r := parseResult(string(out))
		fmt.Printf("%-60s %12d execs %6d new %7.0f s\n", t, r.execs, r.interesting, time.Since(begun).Seconds())
		if err != nil {
			failed++
			fmt.Printf("%s\n", out)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d targets failed; their inputs are in testdata/fuzz of the packages",
			failed, len(targets))
	}
	return nil
}
