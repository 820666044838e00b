package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/cmd/nexushub/upload"
)

// logFlags are those of journalctl, and of heroku where they differ.
type logFlags struct {
	follow, previous, showCursor  bool
	build                         bool
	lines, since, until           string
	priority, grep, style, cursor string
	job, process                  string
}

func (c *cli) logs() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use: "logs [APP]", Aliases: []string{"log"}, Short: "Show or follow the log of an application",
		Long: `logs shows what an application printed and what systemd reported about it, from the
journal; without APP, the logs of all applications. It works in every state of the
application, also after a crash; a removed application is named by its instance id.

Of an application with several processes or replicas each line says whose it is, unless it
is of web's first; --process shows one process alone, or one replica of it.

With --follow it reconnects after a lost connection and continues where it stopped: no
line is lost or repeated. It says so if the journal itself no longer has some lines.

On a terminal the colours that an application prints are shown; anything else in its
lines that a terminal would obey is shown as text.`,
		Example: `  nexushub logs -f myapp
  nexushub logs -n 200 --priority warning myapp
  nexushub logs --since 10m --grep 'timeout|refused' myapp
  nexushub logs --previous myapp          the previous run: why did it exit?
  nexushub logs --job nightly myapp       the runs of one of its jobs
  nexushub logs --process worker.2 myapp
  nexushub logs --build -n all myapp      what its builds printed
  nexushub logs -o json --cursor 's=...' myapp`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: c.completeApp,
	}
	f.register(cmd)
	_ = cmd.RegisterFlagCompletionFunc("process", c.completePart)
	_ = cmd.RegisterFlagCompletionFunc("job", c.completeJobOf)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref := ""
		if len(args) > 0 {
			ref = args[0]
		}
		return c.showLogs(cmd, ref, f)
	}
	return cmd
}

func (f *logFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVarP(&f.follow, "follow", "f", false, "keep printing new lines")
	flags.BoolVarP(&f.follow, "tail", "t", false, "the same as --follow")
	flags.StringVarP(&f.lines, "lines", "n", "", "number of the most recent lines, or all (default 50)")
	flags.StringVar(&f.since, "since", "", "only lines since a time: 10m, 15:04, '2006-01-02 15:04:05', yesterday")
	flags.StringVar(&f.until, "until", "", "only lines until a time")
	flags.StringVarP(&f.priority, "priority", "p", "", "minimum priority: error, warning, notice, info, debug")
	flags.StringVarP(&f.grep, "grep", "g", "",
		"only lines that match a regular expression; ignores case unless it has capitals")
	flags.StringVarP(&f.style, "output", "o", "short", "short, json (one document per line) or cat (messages only)")
	flags.StringVar(&f.cursor, "cursor", "", "start after the entry with this cursor")
	flags.BoolVar(&f.showCursor, "show-cursor", false, "print the cursor of the last entry at the end")
	flags.BoolVar(&f.previous, "previous", false, "only the previous run, of web's first replica unless --process names another")
	flags.StringVar(&f.job, "job", "", "only the runs of one job (nexushub jobs APP)")
	flags.StringVar(&f.process, "process", "", "only of a process, such as worker, or of one replica, such as worker.2")
	flags.BoolVar(&f.build, "build", false, "the log of its builds instead")
	if err := flags.MarkHidden("tail"); err != nil {
		panic(err) // the flag is four lines up
	}
}

func (f logFlags) query() url.Values {
	q := url.Values{"follow": {strconv.FormatBool(f.follow)}}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	set("lines", f.lines)
	set("since", f.since)
	set("until", f.until)
	set("priority", f.priority)
	set("grep", f.grep)
	set("job", f.job)
	set("process", f.process)
	if f.previous {
		q.Set("previous", "1")
	}
	if f.build {
		q.Set("build", "1")
	}
	return q
}

func (c *cli) showLogs(cmd *cobra.Command, ref string, f logFlags) error {
	style := output.LogStyle(f.style)
	if c.out.AsJSON {
		style = output.JSON
	}
	if style != output.Short && style != output.Cat && style != output.JSON {
		return usage(cmd, fmt.Errorf("invalid --output %q: must be short, json or cat", f.style))
	}
	source, err := c.logSource(cmd.Context(), ref, f.build)
	if err != nil {
		return err
	}
	p := &logPrinter{out: c.out, style: style, named: ref == "", after: f.cursor}
	err = p.print(cmd.Context(), source, f)
	if f.showCursor && p.after != "" {
		c.out.Cursor(p.after)
	}
	return err
}

// logSource opens the log behind an entry.
type logSource func(ctx context.Context, q url.Values, after string) iter.Seq2[api.LogEvent, error]

// logSource finds the log of an application. What has never been built to its end is known as a
// deployment alone.
func (c *cli) logSource(ctx context.Context, ref string, build bool) (logSource, error) {
	client, remote, err := c.client()
	if err != nil {
		return nil, err
	}
	if build && ref != "" {
		if a, err := findDeployment(ctx, client, ref); err == nil {
			return logsOf(a.of, a.ID), nil
		}
	}
	if !remote {
		return func(ctx context.Context, q url.Values, after string) iter.Seq2[api.LogEvent, error] {
			return client.Logs(ctx, ref, q, after)
		}, nil
	}
	if ref == "" {
		return nil, &output.Hint{
			Err:  fmt.Errorf("the logs of all applications are shown only on the host itself: %w", api.Forbidden),
			Text: "name an application: nexushub logs APP",
		}
	}
	a, err := findDeployment(ctx, client, ref)
	if err != nil {
		return nil, err
	}
	return logsOf(a.of, a.ID), nil
}

func logsOf(of api.Deployments, id string) logSource {
	return func(ctx context.Context, q url.Values, after string) iter.Seq2[api.LogEvent, error] {
		return of.Logs(ctx, id, q, after)
	}
}

// logPrinter prints a log over any number of connections.
type logPrinter struct {
	out   *output.Printer
	style output.LogStyle
	named bool   // several applications
	after string // id of the last entry printed
}

// print ends with the log, with ctx, or with an error that does not pass. A follower
// whose agent restarts comes back.
func (p *logPrinter) print(ctx context.Context, open logSource, f logFlags) error {
	q := f.query()
	for delay := 200 * time.Millisecond; ; delay = min(2*delay, 5*time.Second) {
		got, err := p.once(open(ctx, q, p.after))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !f.follow, err != nil && !transient(err):
			return err
		case err != nil && !got && delay == 200*time.Millisecond:
			p.out.Reconnecting(err)
		}
		if got {
			delay = 200 * time.Millisecond
		}
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}

func (p *logPrinter) once(events iter.Seq2[api.LogEvent, error]) (got bool, err error) {
	for e, err := range events {
		switch {
		case err != nil:
			return got, err
		case e.Gap != nil:
			err = p.out.Gap(*e.Gap, p.style)
			p.seen(e.Gap.ID)
		case e.Entry != nil:
			err = p.out.Entry(*e.Entry, p.style, p.named)
			p.seen(e.Entry.ID)
		}
		if err != nil {
			return got, err
		}
		got = true
	}
	return got, nil
}

func (p *logPrinter) seen(id string) {
	if id != "" {
		p.after = id
	}
}

// transient errors are those of an agent that restarts: a follower waits for it.
func transient(err error) bool {
	return (errors.Is(err, api.Unavailable) || errors.Is(err, api.Timeout)) && !upload.IsLasting(err)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
