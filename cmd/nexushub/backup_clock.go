package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/backups"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/lastbackup"
)

// systemdDir is where operators' drop-ins are.
const systemdDir = "/etc/systemd/system"

// dropInName is the name of ours among them.
const dropInName = "50-nexushub.conf"

// byClock are the flags of `backup` about the clock.
type byClock struct {
	every              string
	keep               int
	status, run, ended bool
}

func (b *byClock) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.every, "every", "", "back up by the clock: hour, day, week, month, a calendar event, or off")
	f.IntVar(&b.keep, "keep", backups.Default().Keep, "with --every: how many archives stay")
	f.BoolVar(&b.status, "status", false, "show what is backed up by the clock, and how the last run ended")
	f.BoolVar(&b.run, "run", false, "do what the clock does (for "+backups.Service+")")
	f.BoolVar(&b.ended, "ended", false, "note how --run ended (for "+backups.Service+")")
	_, _ = f.MarkHidden("run"), f.MarkHidden("ended")
	_ = cmd.RegisterFlagCompletionFunc("every", cobra.FixedCompletions(
		[]cobra.Completion{"hour", "day", "week", "month", "off"}, cobra.ShellCompDirectiveNoFileComp))
}

// args are one FILE, or of --every at most one FOLDER.
func (b *byClock) args(cmd *cobra.Command, args []string) error {
	asked := 0
	for _, flag := range []string{"every", "status", "run", "ended"} {
		if cmd.Flags().Changed(flag) {
			asked++
		}
	}
	switch {
	case asked > 1:
		return errors.New("--every and --status are two commands")
	case b.every != "" && b.every != "off":
		return cobra.MaximumNArgs(1)(cmd, args)
	case b.every == "off" || b.status || b.run || b.ended:
		return cobra.NoArgs(cmd, args)
	case cmd.Flags().Changed("keep"):
		return errors.New("--keep is for --every: nexushub backup --every day --keep 7")
	}
	return cobra.ExactArgs(1)(cmd, args)
}

// backUpEvery sets the clock.
func (c *cli) backUpEvery(cmd *cobra.Command, b byClock, data bool, args []string) error {
	s := backups.Default()
	s.Keep, s.Data = b.keep, data
	if len(args) == 1 {
		s.Folder = args[0]
	}
	var err error
	if s.Every, err = backups.Calendar(b.every); err != nil {
		return usage(cmd, fmt.Errorf("--every: %w", err))
	}
	if err := s.Check(); err != nil {
		return usage(cmd, err)
	}
	if s.Folder == backups.Default().Folder {
		if err := makeFolder(s.Folder); err != nil {
			return err
		}
	}
	folder, err := backupFolder(s.Folder)
	if err != nil {
		return err
	}
	folder.Close()
	ctx := cmd.Context()
	whole := context.WithoutCancel(ctx)
	if err := uninterruptible(ctx, func() error { return c.setClock(whole, s) }); err != nil {
		return err
	}
	return c.backupStatus(ctx)
}

func makeFolder(name string) error {
	parent, err := beneath.Folder(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.MkdirAll(filepath.Base(name), 0o700)
}

// backupFolder opens a folder in which nobody but root can take the place of an archive.
func backupFolder(name string) (*beneath.Dir, error) {
	folder, err := beneath.Folder(name)
	if err != nil {
		return nil, err
	}
	shared, err := othersCanWrite(folder)
	if err == nil && shared {
		err = fmt.Errorf("other users can write to %s, and so remove or replace archives: chmod 700, chown root: %w", name,
			api.Invalid)
	}
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return folder, nil
}

func (c *cli) setClock(ctx context.Context, s backups.Settings) error {
	conf, err := beneath.Open(config.Dir)
	if err != nil {
		return err
	}
	defer conf.Close()
	if err := conf.Replace(backups.File, strings.NewReader(s.Text()), 0o644); err != nil {
		return err
	}
	units, err := beneath.Open(systemdDir)
	if err != nil {
		return err
	}
	defer units.Close()
	for folder, text := range s.DropIns() {
		err := units.MkdirAll(folder, 0o755)
		if err == nil {
			err = units.Replace(filepath.Join(folder, dropInName), strings.NewReader(text), 0o644)
		}
		if err != nil {
			return err
		}
	}
	if err := c.systemctl(ctx, "daemon-reload"); err != nil {
		return err
	}
	if err := c.systemctl(ctx, "--quiet", "enable", backups.Timer); err != nil {
		return err
	}
	return c.systemctl(ctx, "restart", backups.Timer)
}

// backUpNoMore ends it. Archives stay.
func (c *cli) backUpNoMore(ctx context.Context) error {
	whole := context.WithoutCancel(ctx)
	err := uninterruptible(ctx, func() error {
		if err := c.systemctl(whole, "--quiet", "disable", "--now", backups.Timer); err != nil {
			return err
		}
		for _, f := range []struct{ dir, name string }{
			{systemdDir, filepath.Join(backups.Timer+".d", dropInName)},
			{systemdDir, filepath.Join(backups.Service+".d", dropInName)},
			{config.Dir, backups.File},
		} {
			if err := removeFile(f.dir, f.name); err != nil {
				return err
			}
		}
		return c.systemctl(whole, "daemon-reload")
	})
	if err != nil {
		return err
	}
	return c.backupStatus(ctx)
}

func removeFile(dir, name string) error {
	d, err := beneath.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// backUpByTheClock is one run, which notes how it ended.
func (c *cli) backUpByTheClock(ctx context.Context) error {
	r := lastbackup.Run{StartedAt: time.Now()}
	err := c.backUpAndRotate(ctx, &r)
	r.EndedAt = time.Now()
	if err != nil {
		r.Error = err.Error()
	}
	if err := errors.Join(err, lastbackup.Write(lastbackup.Dir, r)); err != nil || !r.Incomplete {
		return err
	}
	return &output.Exit{Code: api.ExitPartial}
}

// backUpAndRotate removes nothing before there is a new archive.
func (c *cli) backUpAndRotate(ctx context.Context, r *lastbackup.Run) error {
	s, err := backups.Load(config.Dir)
	if err != nil {
		return err
	}
	folder, err := backupFolder(s.Folder)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := roomFor(folder); err != nil {
		return err
	}
	name := backups.Name(r.StartedAt)
	file := filepath.Join(s.Folder, name)
	if r.Incomplete, err = c.backUpTo(ctx, file, s.Data); err != nil {
		return err
	}
	info, err := folder.Lstat(name)
	if err != nil {
		return err
	}
	r.File, r.Bytes = file, info.Size()
	return c.rotate(folder, s, r)
}

// roomFor fails where the disk has less room than the last archive took.
func roomFor(folder *beneath.Dir) error {
	list, err := archivesIn(folder)
	if err != nil {
		return err
	}
	var last int64
	if n := len(list); n > 0 {
		info, err := folder.Lstat(list[n-1])
		if err != nil {
			return err
		}
		last = info.Size()
	}
	space, err := folder.Space()
	if err != nil {
		return err
	}
	if need := backups.Need(last); space.Free < need {
		return fmt.Errorf("%s has %d bytes free, and a backup may take %d: free some, or keep fewer archives: %w",
			folder.Name(), space.Free, need, api.NoSpace)
	}
	return nil
}

func archivesBelow(name string) ([]string, error) {
	folder, err := beneath.Folder(name)
	if err != nil {
		return []string{}, err
	}
	defer folder.Close()
	return archivesIn(folder)
}

func archivesIn(folder *beneath.Dir) ([]string, error) {
	entries, err := folder.ReadDir(".")
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return backups.Archives(names), err
}

func (c *cli) rotate(folder *beneath.Dir, s backups.Settings, r *lastbackup.Run) error {
	list, err := archivesIn(folder)
	if err != nil {
		return err
	}
	whole := filepath.Base(r.File)
	if r.Incomplete {
		before, err := lastbackup.Read(lastbackup.Dir)
		if err != nil || before == nil || before.LastWhole == "" {
			return err
		}
		whole = filepath.Base(before.LastWhole)
	}
	for _, name := range backups.Surplus(list, s.Keep, whole) {
		if err := folder.Remove(name); err != nil {
			return err
		}
		c.out.Note("removed " + filepath.Join(s.Folder, name))
	}
	return nil
}

// backUpEnded notes what a run cannot say itself: that it was killed. systemd tells how it ended.
func (c *cli) backUpEnded(env func(string) string) error {
	switch result := env("SERVICE_RESULT"); result {
	case "", "success", "exit-code":
		return nil
	default:
		now := time.Now()
		return lastbackup.Write(lastbackup.Dir, lastbackup.Run{StartedAt: now, EndedAt: now,
			Error: fmt.Sprintf("it was ended from outside: %s %s", result, env("EXIT_STATUS"))})
	}
}

// backupStatus shows what is set and how it goes.
func (c *cli) backupStatus(ctx context.Context) error {
	s := output.BackupClock{Every: "off", Archives: []string{}}
	var err error
	if s.LastRun, err = lastbackup.Read(lastbackup.Dir); err != nil {
		c.out.Warn(err.Error())
	}
	if c.active(ctx, backups.Timer) {
		set, err := backups.Load(config.Dir)
		if err != nil {
			return err
		}
		s.Every, s.Keep, s.Data, s.Folder = set.Every, set.Keep, set.Data, set.Folder
		s.NextRun = c.nextElapse(ctx, backups.Timer)
		if s.Archives, err = archivesBelow(set.Folder); err != nil {
			c.out.Warn(err.Error())
		}
	}
	return c.out.BackupClock(s)
}

// nextElapse is when a timer elapses next; nil: it does not say.
func (c *cli) nextElapse(ctx context.Context, timer string) *time.Time {
	var text strings.Builder
	show := []string{"systemctl", "show", "--property=NextElapseUSecRealtime", "--value", timer}
	cmd := detached(command(ctx, show, nil, &text, nil))
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	if err := cmd.Run(); err != nil {
		return nil
	}
	t, err := time.Parse("Mon 2006-01-02 15:04:05 MST", strings.TrimSpace(text.String()))
	if err != nil {
		return nil
	}
	return &t
}
