package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// target is one fuzz function.
type target struct{ pkg, name string }

func (t target) String() string {
	return strings.TrimPrefix(t.pkg, "github.com/nexushub/nexushub/") + "." + t.name
}

// long are the targets between a client and the rules of access: most is gained there.
var long = []string{"proxy.FuzzReadings", "proxy/h1.FuzzRequest"}

// time is how long the target runs unless FUZZ_TIME says otherwise.
func (t target) time() string {
	if slices.Contains(long, t.String()) {
		return "1h"
	}
	return "10m"
}

func (t target) fuzz(ctx context.Context, cache string) ([]byte, error) {
	dir := filepath.Join(cache, path.Clean(t.pkg))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	args := []string{"test", "-timeout", "0", "-run", "^$", "-fuzz", "^" + t.name + "$", "-fuzztime",
		cmp.Or(os.Getenv("FUZZ_TIME"), t.time())}
	if n := os.Getenv("FUZZ_PARALLEL"); n != "" {
		args = append(args, "-parallel", n)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, t.pkg, "-args", "-test.fuzzcachedir="+dir)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd.CombinedOutput()
}

// parseList reads what `go test -list` prints: names, then the package that has them.
func parseList(out string) (all []target) {
	var names []string
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		switch {
		case len(words) == 1 && strings.HasPrefix(words[0], "Fuzz"):
			names = append(names, words[0])
		case len(words) > 1 && words[0] == "ok":
			for _, name := range names {
				all = append(all, target{words[1], name})
			}
			names = nil
		}
	}
	return all
}

func matching(all []target, only *regexp.Regexp) (some []target) {
	for _, t := range all {
		if only.MatchString(t.String()) {
			some = append(some, t)
		}
	}
	return some
}

// result is what the last line of a run tells.
type result struct{ execs, interesting int }

var progress = regexp.MustCompile(`execs: (\d+) .*new interesting: (\d+)`)

func parseResult(out string) (r result) {
	for _, m := range progress.FindAllStringSubmatch(out, -1) {
		r.execs, _ = strconv.Atoi(m[1])
		r.interesting, _ = strconv.Atoi(m[2])
	}
	return r
}
