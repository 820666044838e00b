package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/bench/report"
	"github.com/nexushub/nexushub/test/lab"
)

// bench is one machine with the package and an application that prints lines.
type bench struct {
	report   *report.Report
	progress io.Writer
	machine  *lab.Machine
	app      api.App
}

// journald must not be what limits.
const unlimited = "[Journal]\nRateLimitIntervalSec=0\nSystemMaxUse=2G\n"

func (b *bench) boot(ctx context.Context, suite lab.Suite) (err error) {
	deb, err := lab.Deb()
	if err != nil {
		return err
	}
	if b.machine, err = lab.Start(ctx, lab.Options{Suite: suite}); err != nil {
		return err
	}
	b.say("a machine (%s) is up", suite)
	err = b.prepare(ctx, deb)
	if err != nil {
		err = errors.Join(err, b.machine.Shutdown())
	}
	return err
}

func (b *bench) prepare(ctx context.Context, deb string) error {
	if _, err := b.machine.InstallDeb(ctx, deb); err != nil {
		return err
	}
	program, err := talker(ctx)
	if err != nil {
		return err
	}
	const dir = "/srv/talker"
	if _, err := b.machine.Output(ctx, "mkdir", "-p", dir+"/bin", "/etc/systemd/journald.conf.d"); err != nil {
		return err
	}
	err = errors.Join(b.machine.WriteFile(ctx, dir+"/bin/app", program, 0o755),
		b.machine.WriteFile(ctx, "/etc/systemd/journald.conf.d/bench.conf", []byte(unlimited), 0o644))
	if err != nil {
		return err
	}
	if _, err := b.machine.Shell(ctx, "systemctl restart systemd-journald && nexushub deploy -q "+dir); err != nil {
		return err
	}
	b.app, err = b.client().App(ctx, "talker")
	b.report.Note("machine: Debian %s, systemd in a container", b.machine.Suite)
	b.report.Notes = append(b.report.Notes, whereTimeGoes...)
	return err
}

func talker(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "nexushub-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "app")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./test/journal/talker")
	cmd.Env, cmd.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.progress, format+"\n", args...) }

func (b *bench) socket() string { return fmt.Sprintf("/proc/%d/root%s", b.machine.PID(), api.Socket) }

func (b *bench) client() *api.Client { return api.NewClient(b.socket()) }

// write lets the application print lines and returns when it has.
func (b *bench) write(ctx context.Context, lines, rate int) error {
	client := &http.Client{Transport: &http.Transport{DialContext: b.machine.DialContext, DisableKeepAlives: true}}
	url := fmt.Sprintf("http://127.0.0.1:%d/lines?from=0&to=%d&rate=%d", b.app.Port, lines, rate)
	req, err := http.NewRequestWithContext(ctx, "POST", url, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// stream opens the raw SSE stream.
func (b *bench) stream(ctx context.Context, query string) (io.ReadCloser, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", b.socket())
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	req, err := http.NewRequestWithContext(ctx, "GET", "http://agent/v1/apps/"+b.app.ID+"/logs?"+query, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("logs: %s", res.Status), res.Body.Close())
	}
	return res.Body, nil
}

// cpu is what the agent and its children have used, from /proc/PID/stat: 10 ms ticks.
func (b *bench) cpu(ctx context.Context) (total time.Duration, err error) {
	out, err := b.machine.Shell(ctx,
		`pid=$(systemctl show -P MainPID nexushubd); cat /proc/$pid/stat; for c in $(pgrep -P $pid); do cat /proc/$c/stat; done`)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(out) {
		_, rest, _ := strings.Cut(line, ") ")
		fields := strings.Fields(rest)
		if len(fields) < 15 {
			return 0, fmt.Errorf("/proc stat: %q", line)
		}
		for _, f := range fields[11:15] { // utime stime cutime cstime
			ticks, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, err
			}
			total += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return total, nil
}
