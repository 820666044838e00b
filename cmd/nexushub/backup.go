package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/archive"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/beneath"
)

func (c *cli) backup() *cobra.Command {
	var data bool
	var clock byClock
	cmd := &cobra.Command{
		Use:   "backup FILE | --every day|off [FOLDER] | --status",
		Short: "Back up configuration, state, releases and secrets to an archive (root)",
		Long: `backup writes /etc/nexushub, /var/lib/nexushub and /var/lib/nexushub-proxy to a tar.gz
that only root can read: it holds secrets and private keys. The agent may keep running:
it replaces its files as a whole. With --data the archive also holds the state folders
of the applications, and their databases in this host's PostgreSQL, each as of one moment
(pg_dump); stop those whose files must not be copied while they change.

Sparse files stay sparse, and hard links within an application are kept; sockets, FIFOs,
extended attributes and ACLs are left out. A file of an application that could not be
read, or that changed while it was read, is reported on stderr; if content is missing,
the exit code is 5. The rest of the archive is complete.

FILE appears only when it is complete: an interrupted backup leaves nothing behind.

With --every it is done by the clock, into FOLDER or /var/backups/nexushub, by systemd's
nexushub-backup.timer: hour, day, week, month, or what systemd.time(7) calls a calendar
event; a run that was missed is made up for. The newest archives stay, as many as --keep
says; older ones are removed once a new one is complete. --every off ends it and leaves
the archives. --status says what is set, when it runs next and how the last run ended.`,
		Example: `  nexushub backup /root/nexushub.tar.gz
  nexushub backup --data /root/nexushub-with-data.tar.gz
  nexushub backup --every day --keep 7 --data /mnt/backups
  nexushub backup --status`,
		Args: clock.args,
	}
	clock.flags(cmd)
	cmd.Flags().BoolVar(&data, "data", false, "include the state folders and databases of the applications")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := c.here(cmd); err != nil {
			return err
		}
		if err := needRoot(); err != nil {
			return err
		}
		switch {
		case clock.run:
			return c.backUpByTheClock(cmd.Context())
		case clock.ended:
			return c.backUpEnded(os.Getenv)
		case clock.status:
			return c.backupStatus(cmd.Context())
		case clock.every == "off":
			return c.backUpNoMore(cmd.Context())
		case clock.every != "":
			return c.backUpEvery(cmd, clock, data, args)
		}
		lost, err := c.backUpTo(cmd.Context(), args[0], data)
		if err != nil || !lost {
			return err
		}
		return &output.Exit{Code: api.ExitPartial}
	}
	return cmd
}

// backUpTo writes one archive of this host. lost: it lacks content of an application.
func (c *cli) backUpTo(ctx context.Context, file string, data bool) (lost bool, err error) {
	notes := notes{out: c.out, counts: map[string]int{}}
	if err := c.writeBackup(ctx, "/", file, data, notes.add); err != nil {
		return false, err
	}
	notes.flush()
	return notes.lost, c.out.BackedUp(file)
}

func needRoot() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root may do this: %w", api.Forbidden)
	}
	return nil
}

// writeBackup archives what is below base ("/"). It leaves no file that is not whole, and goes by
// the folder that it opened: others may be able to write there.
func (c *cli) writeBackup(ctx context.Context, base, file string, data bool, note func(archive.Note)) error {
	folder, err := beneath.Folder(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer folder.Close()
	shared, err := othersCanWrite(folder)
	if err != nil {
		return err
	}
	if shared {
		c.out.Warn(
			"other users can write to " + folder.Name() + ": they cannot read the archive, but can remove or replace it")
	}
	if err := checkDestination(folder, file, shared); err != nil {
		return err
	}
	f, err := folder.Pending(filepath.Base(file), 0o600)
	if err != nil {
		return err
	}
	var databases []archive.Dump
	if data && base == "/" {
		databases = c.dumps(ctx, folder, note)
	}
	if err := archive.Write(ctx, f, base, data, note, databases...); err != nil {
		return fmt.Errorf("%s was not written: %w", file, errors.Join(err, f.Discard()))
	}
	return f.Commit()
}

// checkDestination refuses, before the work, what the archive must not take the place of: a folder,
// a device (/dev/null), and a link by which root means what it leads to (/dev/stdout). In
// a folder that others write to a link is theirs, and is replaced.
func checkDestination(folder *beneath.Dir, file string, shared bool) error {
	info, err := folder.Lstat(filepath.Base(file))
	switch {
	case strings.HasSuffix(file, "/"), err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder: name a file in it, for example %s: %w", file,
			filepath.Join(file, "nexushub.tar.gz"), api.Invalid)
	case errors.Is(err, fs.ErrNotExist), err == nil && info.Mode().IsRegular():
		return nil
	case err != nil:
		return err
	case shared && info.Mode()&fs.ModeSymlink != 0:
		return nil
	}
	return fmt.Errorf("%s is not a regular file (%s), which the archive would replace: name another file: %w", file,
		info.Mode(), api.Invalid)
}

// othersCanWrite says whether users other than root and the caller can replace what is in
// the folder.
func othersCanWrite(folder *beneath.Dir) (bool, error) {
	info, err := folder.Stat()
	if err != nil {
		return false, err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	open := info.Mode()&os.ModeSticky == 0 && info.Mode().Perm()&0o022 != 0
	return open || !ok || !trusted(int(s.Uid)), nil
}

// trusted are root and who became root by sudo: they may lead us by links, and hand us
// an archive.
func trusted(uid int) bool { return uid == 0 || uid == os.Geteuid() || uid == sudoer() }

// sudoer is the user behind sudo, or root.
func sudoer() int {
	if uid, err := strconv.Atoi(os.Getenv("SUDO_UID")); err == nil && os.Geteuid() == 0 {
		return uid
	}
	return 0
}
