package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	"github.com/google/uuid"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/bench/report"
)

// routed is the whole chain: the agent's API, PID 1, the health check, the proxy.
type routed struct{ api *api.Client }

func (routed) name() string   { return "API to routed 200" }
func (routed) parallel() bool { return false }
func (routed) held() bool     { return true }
func (routed) url(int) string { return through("one", 0) }

func (r routed) start(ctx context.Context, _ int) error {
	_, err := r.api.Start(ctx, "one0")
	return err
}

func (r routed) stop(ctx context.Context, _ int) error {
	_, err := r.api.Stop(ctx, "one0")
	return err
}

func through(name string, i int) string {
	return fmt.Sprintf("https://%s%d.yesterday.localhost:8443/", name, i)
}

// configure gives the agent n static applications and starts it anew. Those of another
// name stay as they are, so what was stopped through the API stays stopped.
func configure(name string, n, replicas int) error {
	manifest := fmt.Sprintf("exec = [\"bin/app\", \"serve\"]\nproxy_all = true\nreplicas = %d\n[health]\npath = \"/\"\n",
		replicas)
	if err := os.WriteFile("/srv/bench/nexushub.toml", []byte(manifest), 0o644); err != nil {
		return err
	}
	for i := range n {
		app := fmt.Sprintf("instance_id = \"%s\"\nhost_name = \"%s%d.yesterday.localhost\"\npackage = \"/srv/bench\"\n",
			uuid.New(), name, i)
		if err := os.WriteFile(fmt.Sprintf("/etc/nexushub/apps.d/%s%d.toml", name, i), []byte(app), 0o644); err != nil {
			return err
		}
	}
	return command("systemctl", "restart", "nexushubd.service")
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// throughAgent compares the whole chain with a unit made by hand.
func throughAgent(ctx context.Context, rounds, many int) ([]report.Row, error) {
	if err := configure("one", 1, 1); err != nil {
		return nil, err
	}
	client := api.NewClient(api.Socket)
	if _, err := client.Stop(ctx, "one0"); err != nil {
		return nil, err
	}
	conn, err := dbus.NewSystemConnectionContext(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	raw, err := rawSandbox(ctx, conn)
	if err != nil {
		return nil, err
	}
	rows, err := takeTurns(ctx, "routed", []starter{raw, routed{client}}, rounds)
	if err != nil || many == 0 {
		return rows, err
	}
	more, err := agent(ctx, many)
	return append(rows, more...), err
}

// agent starts many applications by starting the agent, and then watches it doing nothing.
func agent(ctx context.Context, many int) ([]report.Row, error) {
	if err := command("systemctl", "stop", "nexushubd.service", "nexushub-apps.slice"); err != nil {
		return nil, err
	}
	time.Sleep(time.Second)
	begin := time.Now()
	if err := configure("cold", many, 1); err != nil {
		return nil, err
	}
	err := each(ctx, many, func(ctx context.Context, port int) error {
		return answers(ctx, through("cold", port-firstPort))
	})
	if err != nil {
		return nil, err
	}
	took := time.Since(begin)
	fmt.Fprintf(os.Stderr, "%d at once, nexushubd: %v\n", many, took)
	rows := []report.Row{
		{Case: "cold", Subject: "nexushubd", Metric: "all answer", Value: took.Seconds(), Unit: "s"},
	}
	calm, err := idle(ctx, "idle")
	if err != nil {
		return nil, err
	}
	scaled, err := replicas(ctx)
	return append(append(rows, calm...), scaled...), err
}

// The replicas of the idle agent: a thousand in all.
const (
	scaledApps   = 125
	replicasEach = 8
)

// replicas watches the agent doing nothing over a thousand replicas.
func replicas(ctx context.Context) ([]report.Row, error) {
	if err := command("sh", "-c", "systemctl stop nexushubd.service nexushub-apps.slice && rm /etc/nexushub/apps.d/*"); err != nil {
		return nil, err
	}
	if err := configure("scaled", scaledApps, replicasEach); err != nil {
		return nil, err
	}
	limit := time.Now().Add(10 * time.Minute)
	for running := 0; running < scaledApps*replicasEach; time.Sleep(time.Second) {
		out, err := exec.CommandContext(ctx, "systemctl", "list-units", "--no-legend", "--plain", "--state=active",
			"nexushub-app-*.service").Output()
		if err != nil {
			return nil, err
		}
		if running = strings.Count(string(out), "\n"); time.Now().After(limit) {
			return nil, fmt.Errorf("%d of %d replicas run", running, scaledApps*replicasEach)
		}
	}
	return idle(ctx, "idle 1000 replicas")
}

// idle measures the agent over a minute in which nothing happens but health checks.
func idle(ctx context.Context, scenario string) ([]report.Row, error) {
	const calm, window = 20 * time.Second, time.Minute
	out, err := exec.Command("systemctl", "show", "-p", "MainPID", "--value", "nexushubd.service").Output()
	if err != nil {
		return nil, err
	}
	pid := strings.TrimSpace(string(out))
	time.Sleep(calm)
	before, _, err := usage(pid)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(window):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	after, rss, err := usage(pid)
	return []report.Row{
		{Case: scenario, Subject: "nexushubd", Metric: "CPU", Value: 100 * (after - before) / window.Seconds(),
			Unit: "% of one core"},
		{Case: scenario, Subject: "nexushubd", Metric: "RSS", Value: rss, Unit: "MiB"},
	}, err
}

// usage reads seconds of processor time and MiB of memory from /proc.
func usage(pid string) (seconds, mib float64, err error) {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return 0, 0, fmt.Errorf("/proc/%s/stat: %q", pid, b)
	}
	var n [3]float64
	for i, at := range []int{11, 12, 21} { // utime, stime in ticks of 10 ms; rss in pages
		if n[i], err = strconv.ParseFloat(fields[at], 64); err != nil {
			return 0, 0, err
		}
	}
	return (n[0] + n[1]) / 100, n[2] * float64(os.Getpagesize()) / (1 << 20), nil
}
