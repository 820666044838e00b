package agent

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/api"
)

// transientDir is where PID 1 keeps the units it was given over D-Bus.
const transientDir = "/run/systemd/transient"

// notByHand are settings that make sense for a unit of ours only.
var notByHand = []string{"AddRef", "ExecStart", "ExecStartEx", "Description", "LogExtraFields", "SyslogIdentifier", "CollectMode"}

// notForOnce are settings of a server, not of one command.
var notForOnce = []string{
	"Type", "NotifyAccess", "WatchdogSec", "Restart", "RestartSec", "RestartSteps", "RestartMaxDelaySec",
	"StartLimitIntervalSec", "TimeoutStartSec", "Sockets", "Before",
}

// Explain puts into a systemd-run line how an application runs: what PID 1 has, not
// what we believe to have sent.
func (a *Agent) Explain(nameOrID string) (api.Explanation, error) {
	d, unit, err := a.explained(nameOrID)
	if err != nil {
		return api.Explanation{}, err
	}
	settings, err := unitSettings(filepath.Join(transientDir, unit), notByHand)
	if err != nil {
		return api.Explanation{}, err
	}
	argv := append([]string{"systemd-run", "--unit=" + strings.TrimSuffix(unit, ".service") + "-by-hand"}, settings...)
	return api.Explanation{
		Unit: unit, Command: append(append(argv, "--"), d.argv(folder(settings))...),
		Withheld: []string{"the contents of secret files; the journal fields that tie the unit to its application"},
	}, nil
}

// ExecLine is a systemd-run line for one command in the application's surroundings.
func (a *Agent) ExecLine(nameOrID string, req api.ExecRequest) (api.Explanation, error) {
	_, unit, err := a.explained(nameOrID)
	if err != nil {
		return api.Explanation{}, err
	}
	if len(req.Command) == 0 {
		return api.Explanation{}, fmt.Errorf("command: must not be empty: %w", api.Invalid)
	}
	settings, err := unitSettings(filepath.Join(transientDir, unit), append(slices.Clone(notByHand), notForOnce...))
	if err != nil {
		return api.Explanation{}, err
	}
	argv := []string{"systemd-run", "--quiet", "--wait", "--collect", "--service-type=exec", "--pipe"}
	if req.TTY {
		argv[len(argv)-1] = "--pty"
	}
	return api.Explanation{Unit: unit, Command: append(append(append(argv, settings...), "--"), absolute(folder(settings), req.Command)...)}, nil
}

func (a *Agent) explained(nameOrID string) (*Desired, string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.find(nameOrID)
	if err != nil {
		return d, "", err
	}
	if u := a.have.units[d.Unit]; u == nil || !u.Running() {
		return d, "", fmt.Errorf("%s does not run: %w", d.Name, api.NotRunning)
	}
	return d, d.Unit, nil
}

// argv is the command with an absolute path, as the unit has it.
func (d *Desired) argv(dir string) []string {
	argv := slices.Clone(d.Spec.Exec)
	if !filepath.IsAbs(argv[0]) {
		argv[0] = filepath.Join(dir, argv[0])
	}
	return argv
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

// unitSettings reads a unit file of PID 1's making as arguments of systemd-run.
func unitSettings(path string, without []string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the unit's file cannot be read: %w", err)
	}
	defer f.Close()
	var args []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), "=")
		if !ok || key == "" || strings.ContainsAny(key[:1], "#;[") || slices.Contains(without, key) {
			continue
		}
		args = append(args, "--property="+key+"="+strings.ReplaceAll(value, "%%", "%"))
	}
	return args, lines.Err()
}
