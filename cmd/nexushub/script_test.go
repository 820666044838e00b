package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// TestMain lets the test binary be the command itself, so that scripts run it as a
// process of its own, with a real stdin, exit code and signals.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nexushub": nexushub})
}

// nexushub talks to the script's agent instead of the one of this host.
func nexushub() {
	if socket := os.Getenv("FAKE_SOCKET"); socket != "" {
		os.Args = append([]string{os.Args[0], "--socket", socket}, os.Args[1:]...)
	}
	main()
}

const scripts = "testdata/script"

// Every script holds the commands, what the agent answers (see fakeAgent), what the
// commands print, and what they ask of the agent.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: scripts, RequireExplicitExec: true, RequireUniqueNames: true, UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			agent, err := startAgent(e)
			if err != nil {
				return err
			}
			e.Values[agentKey{}] = agent
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("TZ", "UTC")
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":     expectCode,
			"requests": func(ts *testscript.TestScript, _ bool, _ []string) { agentOf(ts).writeRequests(ts) },
			"await":    func(ts *testscript.TestScript, _ bool, args []string) { agentOf(ts).await(ts, strings.Join(args, " ")) },
		},
	})
}

// expectCode is `code N COMMAND...`: the command must end with N.
func expectCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// leaves are the commands that do something, by their full name.
func leaves(cmd *cobra.Command) (out []*cobra.Command) {
	for _, sub := range cmd.Commands() {
		if !sub.Hidden && sub.Name() != "help" && sub.Name() != "completion" {
			out = append(out, leaves(sub)...)
		}
	}
	if len(out) == 0 || cmd.Name() == "cert" { // cert alone is cert list
		out = append(out, cmd)
	}
	return out
}

// A command, or a flag of one, that no script uses is not tested.
func TestEveryCommandAndFlagIsInAScript(t *testing.T) {
	files, err := filepath.Glob(scripts + "/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if _, args, found := strings.Cut(line, " nexushub "); found {
				lines = append(lines, " "+strings.TrimSpace(args)+" ")
			}
		}
	}
	used := func(path, flag string) bool {
		for _, line := range lines {
			if strings.Contains(line, " "+path+" ") &&
				(flag == "" || strings.Contains(line, " "+flag+" ") || strings.Contains(line, " "+flag+"=")) {
				return true
			}
		}
		return false
	}
	for _, cmd := range leaves(testCLI().root()) {
		path := strings.TrimPrefix(cmd.CommandPath(), "nexushub ")
		if !used(path, "") {
			t.Errorf("no script runs %s", path)
		}
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Name != "help" && !used(path, "--"+f.Name) && (f.Shorthand == "" || !used(path, "-"+f.Shorthand)) {
				t.Errorf("no script runs %s --%s", path, f.Name)
			}
		})
	}
}
