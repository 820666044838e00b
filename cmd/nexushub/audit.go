package main

import (
	"context"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
)

// auditFlags say which changes are shown.
type auditFlags struct {
	follow           bool
	lines, since, by string
}

func (c *cli) audit() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "audit [APP]", Short: "Show who changed what: every call that changed something, or was refused",
		Long: `audit shows the calls to this agent that changed something, and those that were refused:
when, who it was, from where (the control socket, ssh, or over https from an address), the
call, the application, what was changed by its name, and the result. It has no value of a
variable or secret. A call is told once it is answered.

The lines come from the journal, where they are as long as it keeps them:
journalctl -u nexushubd NEXUSHUB_AUDIT=1. Whoever may see an application sees its lines;
those of the host need the role operator.`,
		Example: `  nexushub audit
  nexushub audit shop --since yesterday
  nexushub audit --by uid:1000 -n 500
  nexushub audit -f --json | jq -r 'select(.result == "refused") | .call'`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: c.completeApp,
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.follow, "follow", "f", false, "keep printing new lines")
	flags.StringVarP(&f.lines, "lines", "n", "", "number of the most recent lines, at most 10000 (default 100)")
	flags.StringVar(&f.since, "since", "", "only since a time: 10m, 15:04, '2006-01-02 15:04:05', yesterday")
	flags.StringVar(&f.by, "by", "", "only by root, uid:N, token:ID, or the token of a name")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q := url.Values{}
		for name, value := range map[string]string{"lines": f.lines, "since": f.since, "by": f.by} {
			if value != "" {
				q.Set(name, value)
			}
		}
		if len(args) > 0 {
			q.Set("app", args[0])
		}
		client, err := c.control()
		if err != nil {
			return err
		}
		if f.follow {
			return c.followAudit(cmd.Context(), client, q)
		}
		entries, err := client.Audit(cmd.Context(), q)
		if err != nil {
			return err
		}
		return c.out.Audit(entries)
	}
	return cmd
}

// followAudit asks for what came after the last entry, again and again; the agent answers when there is
// something. An agent that restarts is waited for.
func (c *cli) followAudit(ctx context.Context, client *api.Client, q url.Values) error {
	start := c.out.Now().UTC().Format(time.RFC3339Nano)
	for delay := 200 * time.Millisecond; ; {
		entries, err := client.Audit(ctx, q)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !transient(err):
			return err
		case err != nil:
			delay = min(2*delay, 5*time.Second)
			if err := pause(ctx, delay); err != nil {
				return err
			}
			continue
		}
		delay = 200 * time.Millisecond
		for _, e := range entries {
			if err := c.out.AuditEntry(e); err != nil {
				return err
			}
		}
		q.Set("wait", "1")
		switch {
		case len(entries) > 0:
			q.Set("after", entries[len(entries)-1].ID)
			q.Del("since")
		case !q.Has("after") && !q.Has("since"):
			q.Set("since", start)
		}
		q.Del("lines")
	}
}
