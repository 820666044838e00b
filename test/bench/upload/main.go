// Command upload measures how fast 512 MiB reach the disk through the agent, beside
// writing and hashing the same bytes locally and beside tusd, which hashes nothing and
// syncs nothing: as it is, and with its files synced where ours are. All run in one
// machine on one disk and take turns, so that a busy host disturbs all alike; the
// medians count.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/nexushub/nexushub/test/bench/report"
	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/need"
)

const tusd = "github.com/tus/tusd/v2/cmd/tusd"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench/upload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("upload", flag.ContinueOnError)
	flags.SetOutput(stderr)
	suite := flags.String("suite", string(lab.Bookworm), "Debian release of the machine")
	disk := flags.String("disk", "host", "the machine's disk: host, or the size of a RAM disk such as 6G")
	size := flags.Int("size", 512, "MiB to upload")
	rounds := flags.Int("rounds", 5, "uploads of each kind")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := lab.ParseSuite(*suite)
	if err != nil {
		return err
	}
	r := report.New("upload")
	if r.Rows, err = measure(ctx, r, lab.Options{Suite: s, Disk: *disk, Progress: stderr},
		[]string{fmt.Sprint(*size), fmt.Sprint(*rounds)}, stderr); err != nil {
		return err
	}
	ratios(r)
	return r.Finish(stdout)
}

// measure runs the inner program in a fresh machine with the package installed.
func measure(ctx context.Context, r *report.Report, o lab.Options, args []string,
	stderr io.Writer) (rows []report.Row, err error) {
	m, err := lab.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Shutdown()) }()
	deb, err := lab.Deb()
	if err != nil {
		return nil, err
	}
	if _, err := m.InstallDeb(ctx, deb); err != nil {
		return nil, err
	}
	if err := programs(ctx, m, r); err != nil {
		return nil, err
	}
	cmd := m.Command(ctx, "/opt/bench/inside", args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return rows, json.Unmarshal(out.Bytes(), &rows)
}

// programs brings the inner program and, where it can be built, tusd.
func programs(ctx context.Context, m *lab.Machine, r *report.Report) error {
	dir, err := os.MkdirTemp("", "nexushub-bench-upload-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	inside, err := need.Program(ctx, dir, "./test/bench/upload/inside")
	if err != nil {
		return err
	}
	if err := m.CopyIn(ctx, inside, "/opt/bench/inside"); err != nil {
		return err
	}
	bin, version, err := buildTusd(ctx)
	if err != nil {
		r.Note("tusd cannot be built here: %v", err)
		return nil
	}
	r.Note("tusd %s with its file store", version)
	r.Notes = append(r.Notes, whatIsPromised...)
	return m.CopyIn(ctx, bin, "/opt/bench/tusd")
}

func buildTusd(ctx context.Context) (bin, version string, err error) {
	root, err := need.Root(ctx)
	if err != nil {
		return "", "", err
	}
	bin = filepath.Join(root, "dist/bench/tools/tusd")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, tusd)
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", "github.com/tus/tusd/v2")
	build.Dir, list.Dir = filepath.Join(root, "test/bench/upload/tusd"), filepath.Join(root, "test/bench/upload/tusd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("%w: %s", err, out)
	}
	out, err := list.Output()
	return bin, strings.TrimSpace(string(out)), err
}

// ratios compares throughputs, each of ours with what gets the same requests: chunks
// one by one with pieces, one append with one request. Chunks that travel 4 at once have
// nothing to be compared with in tusd; their ratio is named after them. agent_rss_mib is
// the agent's peak over all uploads.
func ratios(r *report.Report) {
	value := map[string]float64{}
	for _, row := range r.Rows {
		value[row.Subject+" "+row.Metric] = row.Value
	}
	chunks, appended := value["chunks of 2 MiB, one by one MiB/s"], value["one append MiB/s"]
	atOnce := value["chunks of 2 MiB, 4 at once MiB/s"]
	for name, of := range map[string]struct {
		ours  float64
		other string
	}{
		"upload_vs_hash":         {chunks, "write and hash locally"},
		"upload4_vs_hash":        {atOnce, "write and hash locally"},
		"append_vs_hash":         {appended, "write and hash locally"},
		"upload_vs_tusd":         {chunks, "tusd, pieces of 2 MiB"},
		"upload_vs_tusd_durable": {chunks, "tusd, pieces of 2 MiB, each made durable"},
		"upload4_vs_tusd":        {atOnce, "tusd, pieces of 2 MiB"},
		"append_vs_tusd":         {appended, "tusd, one request"},
		"append_vs_tusd_durable": {appended, "tusd, one request, then made durable"},
	} {
		if theirs := value[of.other+" MiB/s"]; theirs > 0 {
			r.Ratios[name] = of.ours / theirs
		}
	}
	r.Ratios["agent_rss_mib"] = value["agent RSS"]
}
