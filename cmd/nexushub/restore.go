package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/archive"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

// daemons are the units that must not write while files are put back, and the sockets that
// would start them again.
var daemons = []string{
	"nexushub-proxy.socket", "nexushub-proxy-control.socket", "nexushubd.socket", "nexushubd-debug.socket",
	"nexushubd.service", "nexushub-proxy.service",
}

// appsSlice holds all that is hosted, and what operators run beside it.
const appsSlice = "nexushub-apps.slice"

// appUnits are the applications, the gates of guests, and the commands that end: sockets and timers included.
var appUnits = []string{"nexushub-app-*", "nexushub-gate-*", "nexushub-job-*", "nexushub-release-*"}

// stopTimeout is longer than what applications are likely to ask for to stop.
const stopTimeout = 5 * time.Minute

func (c *cli) restore() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Restore a backup (root)",
		Long: `restore checks an archive and unpacks it next to the current files. Then it stops the
applications, the agent and the proxy, swaps the old files for the new ones, and starts
everything again. Nothing changes before the swap; if the agent or the proxy does not
start with the restored files, the old ones are put back. While they are stopped, no
connection is accepted.

/etc/nexushub, /var/lib/nexushub and /var/lib/nexushub-proxy are replaced as a whole:
whatever was added since the backup is gone. An archive of backup --data replaces the
state folders and databases of the applications in it in the same way; other applications
keep theirs. A database that cannot be restored is named and stays as it is; the exit code
is then 5.
There must be disk space for the old and the new files together.

The archive may come from another host: owners are matched by name. It must belong to
root, or to the user who ran sudo, and nobody else may have write permission. restore
never writes through a symbolic link, neither of the archive nor of an application.
Configuration and state belong to root afterwards, whatever the archive says.

An existing configuration is overwritten only with --force.`,
		Example: "  nexushub restore /root/nexushub.tar.gz --force",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the existing configuration and state")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := c.here(cmd); err != nil {
			return err
		}
		if err := needRoot(); err != nil {
			return err
		}
		if exists("/var/lib/nexushub/state") && !force {
			return fmt.Errorf("/var/lib/nexushub/state exists already: --force overwrites it: %w", api.Conflict)
		}
		return c.restoreArchive(cmd.Context(), args[0])
	}
	return cmd
}

func (c *cli) restoreArchive(ctx context.Context, file string) (err error) {
	c.out.Step("checking " + file)
	a, err := archive.Open(file, sudoer())
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Check(ctx); err != nil {
		return err
	}
	notes := notes{out: c.out, counts: map[string]int{}}
	for _, n := range a.Notes {
		notes.add(n)
	}
	notes.flush()
	c.out.Step("unpacking " + file)
	stage, err := a.Stage(ctx, "/")
	if err != nil {
		return err
	}
	databases, err := c.stageDatabases(ctx, stage, notes.add)
	if err == nil {
		err = uninterruptible(ctx, func() error { return c.swapIn(ctx, stage, databases) })
	}
	if err = errors.Join(err, databases.close(ctx), stage.Close()); err != nil {
		return err
	}
	if err := c.out.Restored(file); err != nil || !notes.lost {
		return err
	}
	return &output.Exit{Code: api.ExitPartial}
}

// swapIn replaces the old files by the new ones and, if that fails, puts the old ones back.
// Either way it starts the units again.
func (c *cli) swapIn(ctx context.Context, stage *archive.Stage, databases *restoredDatabases) error {
	units := daemons
	for _, socket := range []string{httpsSocket, httpSocket} {
		if c.active(ctx, socket) {
			units = append([]string{socket}, units...)
		}
	}
	err := c.stopUnits(ctx, units)
	ctx = context.WithoutCancel(ctx) // from here on, half done is worse than late
	if err == nil {
		err = databases.swap(ctx)
	}
	if err == nil {
		err = stage.Swap()
	}
	if err != nil {
		return errors.Join(err, databases.undo(ctx), stage.Undo(), c.startUnits(ctx, units))
	}
	if err = c.startUnits(ctx, units); err != nil {
		err = fmt.Errorf("the restored files do not start, so the old ones are put back: %w", err)
		return errors.Join(err, c.stopUnits(ctx, units), databases.undo(ctx), stage.Undo(), c.startUnits(ctx, units))
	}
	return nil
}

// stopUnits stops the agent before the applications, or it would take that for a fault.
func (c *cli) stopUnits(ctx context.Context, units []string) error {
	c.out.Step("stopping the agent, the proxy and the applications")
	if err := c.systemctl(ctx, append([]string{"stop"}, units...)...); err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	err := c.stopApps(patient)
	if err == nil || ctx.Err() != nil || patient.Err() == nil {
		return err
	}
	if err := c.systemctl(ctx, append([]string{"kill", "--signal=KILL"}, appUnits...)...); err != nil {
		return err
	}
	return c.stopApps(ctx)
}

// stopApps stops everything in the slice, and then what is left, usually nothing. A unit that
// exits at the same moment is an error for systemctl, not for us.
func (c *cli) stopApps(ctx context.Context) error {
	if err := c.systemctl(ctx, "stop", appsSlice); err != nil {
		return err
	}
	err := c.systemctl(ctx, append([]string{"stop"}, appUnits...)...)
	left := append(
		[]string{"systemctl", "list-units", "--plain", "--no-legend", "--state=active,reloading,activating,deactivating"},
		appUnits...)
	var out strings.Builder
	if listErr := detached(command(ctx, left, nil, &out, c.out.Stderr)).Run(); listErr != nil {
		return errors.Join(err, listErr)
	}
	if out.Len() > 0 {
		return errors.Join(err,
			fmt.Errorf("applications do not stop: %s: %w", strings.Join(strings.Fields(out.String()), " "), api.Timeout))
	}
	return nil
}

func (c *cli) startUnits(ctx context.Context, units []string) error {
	c.out.Step("starting the agent and the proxy")
	return c.systemctl(ctx, append([]string{"start"}, units...)...)
}

func (c *cli) active(ctx context.Context, unit string) bool {
	return detached(command(ctx, []string{"systemctl", "--quiet", "is-active", unit}, nil, nil, nil)).Run() == nil
}

func (c *cli) systemctl(ctx context.Context, args ...string) error {
	line := append([]string{"systemctl", "--no-ask-password"}, args...)
	if err := detached(command(ctx, line, nil, c.out.Stderr, c.out.Stderr)).Run(); err != nil {
		return fmt.Errorf("systemctl %s: %w", args[0], err)
	}
	return nil
}
