package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/units"
)

// unitOnlySettings are settings that make sense for a unit of ours only.
var unitOnlySettings = []string{
	"AddRef", "ExecStart", "ExecStartEx", "Description", "LogExtraFields",
	"SyslogIdentifier", "CollectMode", "ConditionPathExists",
}

// serverOnlySettings are settings of a server, not of one command.
var serverOnlySettings = []string{
	"Type", "NotifyAccess", "WatchdogSec", "Restart", "RestartSec", "RestartSteps", "RestartMaxDelaySec",
	"StartLimitIntervalSec", "TimeoutStartSec", "Sockets", "Before",
}

// Explain puts into a systemd-run line how an application runs, or would: what PID 1
// has, not what we believe to have sent. It is about the first replica of web, or of the process
// that is named, or the replica of it that is ("worker.2").
func (a *Agent) Explain(ctx context.Context, nameOrID, process string) (api.Explanation, error) {
	d, place, file, err := a.unitFile(ctx, nameOrID, process)
	if err != nil {
		return api.Explanation{}, err
	}
	command, err := d.Spec.Command(place)
	if err != nil {
		return api.Explanation{}, err
	}
	settings := unitSettings(file, unitOnlySettings)
	line := append([]string{"systemd-run", "--unit=" + strings.TrimSuffix(d.Unit, ".service") + "-by-hand"}, settings...)
	return api.Explanation{
		Unit: d.Unit, Command: append(append(line, "--"), command...),
		Withheld: []string{"the contents of secret files; the journal fields that tie the unit to its application",
			"its health check: " + a.checkInForce(&d)},
	}, nil
}

// checkInForce is how the agent finds out about its health, in words.
func (a *Agent) checkInForce(d *plan.Desired) string {
	h := d.Manifest.Health
	if found, _ := a.monitor.Result(d.Unit); found.Path != "" {
		return fmt.Sprintf("GET %s with its host name is answered 200, every %s; nobody has chosen that path, it "+
			"answered so when this run began", found.Path, h.Interval.Std())
	}
	switch h.Type {
	case "http":
		return fmt.Sprintf("GET %s with its host name is answered 200, every %s", h.Path, h.Interval.Std())
	case "tcp":
		return fmt.Sprintf("it accepts connections, every %s", h.Interval.Std())
	case "notify":
		return "it says READY=1 and WATCHDOG=1 (sd_notify)"
	}
	return "its process runs"
}

// ExecLine is a systemd-run line for one command in the application's surroundings.
func (a *Agent) ExecLine(ctx context.Context, nameOrID string, req api.ExecRequest) (api.Explanation, error) {
	if len(req.Command) == 0 {
		return api.Explanation{}, fmt.Errorf("command: must not be empty: %w", api.Invalid)
	}
	d, _, file, err := a.unitFile(ctx, nameOrID, "")
	if err != nil {
		return api.Explanation{}, err
	}
	settings := unitSettings(file, append(slices.Clone(unitOnlySettings), serverOnlySettings...))
	argv := []string{"systemd-run", "--quiet", "--wait", "--collect", "--service-type=exec", "--pipe"}
	if req.TTY {
		argv[len(argv)-1] = "--pty"
	}
	return api.Explanation{Unit: d.Unit, Command: append(append(append(argv, settings...), "--"),
		absolute(folder(settings), req.Command)...)}, nil
}

// unitFile is the file of an application's unit and its placement: of the one that runs, else
// what PID 1 would make of it. It is needed most for an application that does not come up.
func (a *Agent) unitFile(
	ctx context.Context, nameOrID, process string,
) (plan.Desired, units.Placement, string, error) {
	d, place, runs, err := a.explained(nameOrID, process)
	if err != nil {
		return d, place, "", err
	}
	if runs {
		if text, err := os.ReadFile(filepath.Join(units.TransientDir, d.Unit)); err == nil {
			return d, place, string(text), nil
		}
	}
	place, err = a.exec.tentativePlacement(d)
	if err != nil {
		return d, place, "", err
	}
	text, err := a.units.Describe(ctx, d.Spec, place)
	return d, place, text, err
}

// explained is the application to explain, as if the replica that is meant were all of it, and where
// that runs if it does.
func (a *Agent) explained(nameOrID, process string) (d plan.Desired, place units.Placement, runs bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, err := a.find(nameOrID)
	switch {
	case err != nil:
		return d, place, false, err
	case found.Adopted:
		return d, place, false, fmt.Errorf("%s was adopted from systemd, which shows what it runs: systemctl cat 'nexushub-app-%s-*': %w", found.Name, found.Name, api.NotImplemented)
	case !found.Runs() && found.Problem != "":
		return d, place, false, fmt.Errorf("%s: %s: %w", found.Name, found.Problem, api.Failed)
	case !found.Runs():
		return d, place, false, fmt.Errorf("%s has no process, only files: %w", found.Name, api.NotRunning)
	}
	d = *found
	if process != "" {
		r, err := meantReplica(found, process)
		if err != nil {
			return d, place, false, err
		}
		d.Spec, d.Unit, d.Manifest = r.Spec, r.Unit, d.Manifest.For(r.Process)
	}
	if u := a.observed.unit(d.Unit); u != nil && u.Running() {
		place.Port, runs = u.Port, true
	}
	return d, place, runs, nil
}

// folder is where the application finds its release: a guest has a root of its own.
func folder(settings []string) string {
	for _, s := range settings {
		if dir, ok := strings.CutPrefix(s, "--property=WorkingDirectory="); ok {
			return dir
		}
	}
	return "/"
}

// absolute lets a command with a relative path begin at dir; systemd-run would look for
// it where it is called. A bare name is looked for in PATH.
func absolute(dir string, argv []string) []string {
	if !strings.Contains(argv[0], "/") || filepath.IsAbs(argv[0]) {
		return argv
	}
	return append([]string{filepath.Join(dir, argv[0])}, argv[1:]...)
}

// unitSettings turns a unit's file of PID 1's making into arguments of systemd-run.
func unitSettings(file string, without []string) []string {
	var args []string
	for line := range strings.Lines(file) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || key == "" || strings.ContainsAny(key[:1], "#;[") || slices.Contains(without, key) {
			continue
		}
		args = append(args, "--property="+key+"="+strings.ReplaceAll(value, "%%", "%"))
	}
	return args
}
