package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/shell"
)

func (c *cli) jobs() *cobra.Command {
	return &cobra.Command{
		Use: "jobs APP", Short: "List the jobs of an application: last run, result, next run",
		Long: `jobs lists the commands of an application that run by the clock, or by nexushub run, as
[jobs.NAME] in its nexushub.toml says. systemd runs them, each in a unit of its own in the
sandbox of the application, whether the agent is running or not.`,
		Example: "  nexushub jobs myapp\n  nexushub jobs myapp --json",
		Args:    cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.control()
			if err != nil {
				return err
			}
			list, err := client.Jobs(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.out.Jobs(args[0], list)
		},
	}
}

func (c *cli) runJob() *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use: "run APP JOB", Short: "Run a job of an application now, and follow its log",
		Long: `run starts a job now, whatever its schedule, follows its log until it ends, and exits with
the exit code of its command: 128 and the number of the signal if one ended it, 124 if it
took longer than its timeout. A job that is running already is not started twice. Ctrl-C
ends the following, not the job.

A command of your own runs with nexushub exec.`,
		Example: `  nexushub run myapp nightly
  nexushub run myapp nightly --detach     start it and return`,
		ValidArgsFunction: c.completeJob,
	}
	cmd.Flags().BoolVarP(&detach, "detach", "d", false, "do not wait for its end")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && cmd.ArgsLenAtDash() >= 0 || len(args) > 2 {
			return fmt.Errorf("run starts a job of an application; %s", ownCommand(args[0], args[1:]...))
		}
		if len(args) == 1 {
			return fmt.Errorf("which job? they are listed by: %s", shell.Command("nexushub jobs", args[0]))
		}
		return cobra.ExactArgs(2)(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.control()
		if err != nil {
			return err
		}
		began, err := client.RunJob(cmd.Context(), args[0], args[1])
		if err != nil {
			return noJob(args[0], args[1], err)
		}
		if detach {
			return c.out.JobStarted(args[0], began)
		}
		return c.followRun(cmd.Context(), client, args[0], began)
	}
	return cmd
}

// noJob helps who meant a command.
func noJob(app, job string, err error) error {
	if errors.Is(err, api.NotFound) && strings.Contains(err.Error(), "job") {
		return &output.Hint{Err: err, Text: ownCommand(app, job)}
	}
	return err
}

// ownCommand says how to run what is no job.
func ownCommand(app string, argv ...string) string {
	words := []string{"a command of your own runs with:", shell.Command("nexushub exec", app), "--"}
	for _, arg := range argv {
		words = append(words, shell.Quote(arg))
	}
	return strings.Join(words, " ")
}

const (
	// runPoll is how often a run is asked about.
	runPoll = 500 * time.Millisecond
	// lastWords is how long the log may take to have the end of a run.
	lastWords = 2 * time.Second
)

// followRun prints what a run says until it is over, and ends as it did.
func (c *cli) followRun(ctx context.Context, client *api.Client, app string, run api.JobRun) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	said := make(chan bool, 1) // PID 1 has said how it ended
	followed := make(chan error, 1)
	go func() { followed <- c.printRun(following, client, app, run, said) }()
	end, err := awaitEnd(ctx, client, app, run)
	if err == nil {
		late := time.NewTimer(lastWords)
		defer late.Stop()
		select {
		case <-said:
		case <-late.C:
		case <-ctx.Done():
		}
	}
	stop()
	<-followed
	if ctx.Err() != nil && err != nil {
		c.out.Note(fmt.Sprintf("job %s goes on: %s", run.Job, shell.Command("nexushub logs -f", app, "--job", run.Job)))
	}
	if err != nil {
		return err
	}
	if err := c.out.JobEnded(app, run.Job, end); err != nil {
		return err
	}
	if end.ExitCode != 0 {
		return &output.Exit{Code: end.ExitCode}
	}
	return nil
}

// printRun prints the lines of one run, until ctx ends.
func (c *cli) printRun(ctx context.Context, client *api.Client, app string, run api.JobRun, said chan<- bool) error {
	since := run.StartedAt.Add(-time.Second).Format(time.RFC3339Nano)
	q := url.Values{"job": {run.Job}, "follow": {"true"}, "since": {since}}
	after := ""
	for ctx.Err() == nil {
		for e, err := range client.Logs(ctx, app, q, after) {
			if err != nil {
				break
			}
			if e.Entry == nil {
				continue
			}
			after = e.Entry.ID
			if err := c.printRunLine(*e.Entry, run, said); err != nil {
				return err
			}
		}
		if pause(ctx, runPoll) != nil {
			break
		}
	}
	return nil
}

// printRunLine prints what the job itself says; what PID 1 says of its end is only noted.
func (c *cli) printRunLine(e api.LogEntry, run api.JobRun, said chan<- bool) error {
	switch fromPID1 := e.PID == 1 && e.Source == api.LogSystem; {
	case e.Invocation != run.Invocation && e.Invocation != "":
		return nil
	case fromPID1 && ended(e.Message):
		select {
		case said <- true:
		default:
		}
		return nil
	case fromPID1, c.out.AsJSON, c.out.Quiet:
		return nil
	}
	return c.out.Entry(e, output.Cat, false)
}

// ended says whether PID 1 says so of a unit whose command ends.
func ended(message string) bool {
	return strings.HasPrefix(message, "Finished ") || strings.HasPrefix(message, "Failed to start ")
}

// awaitEnd asks until a run is over. It outlasts a restart of the agent.
func awaitEnd(ctx context.Context, client *api.Client, app string, run api.JobRun) (api.JobEnd, error) {
	for {
		list, err := client.Jobs(ctx, app)
		if err != nil && !transient(err) {
			return api.JobEnd{}, err
		}
		for _, j := range list {
			if j.Name != run.Job || j.LastRun == nil {
				continue
			}
			if j.LastRun.Invocation == run.Invocation {
				return *j.LastRun, nil
			}
			if j.LastRun.StartedAt.After(run.StartedAt) {
				return api.JobEnd{}, fmt.Errorf("job %s has run again since, and how it ended before is not known: %w", run.Job,
					api.Failed)
			}
		}
		if err := pause(ctx, runPoll); err != nil {
			return api.JobEnd{}, err
		}
	}
}
