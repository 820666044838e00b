package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/archive"
	"github.com/nexushub/nexushub/cmd/nexushub/voice"
	"github.com/nexushub/nexushub/internal/beneath"
)

func (c *cli) backup() *cobra.Command {
	var data bool
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "write configuration, state, releases and secrets into one archive (root)",
		Long: `backup writes /etc/nexushub, /var/lib/nexushub and /var/lib/nexushub-proxy into a tar.gz
that only root can read: it holds secrets and private keys. The agent may run
meanwhile: its files are replaced as wholes. With --data the state folders of the
applications are added; stop those that do not like being copied while they write.

Files with holes are stored as such, hard links within an application are kept;
sockets, FIFOs, extended attributes and ACLs are not. What an application does to its
files meanwhile is its own trouble: each file that could not be taken, or not as it was,
is a line on stderr, and the exit code is 5 if content is missing. The rest is complete.

FILE gets its name when it is whole; until then nothing is there under any name.`,
		Example: "  nexushub backup /root/nexushub.tar.gz\n  nexushub backup --data /root/nexushub-with-data.tar.gz",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&data, "data", false, "with the state folders of the applications")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needRoot(); err != nil {
			return err
		}
		notes := notes{voice: c.voice, told: map[string]int{}}
		if err := c.writeBackup(cmd.Context(), args[0], data, notes.add); err != nil {
			return err
		}
		notes.end()
		if err := c.voice.BackedUp(args[0]); err != nil || !notes.lost {
			return err
		}
		return &voice.Exit{Code: api.ExitPartial}
	}
	return cmd
}

func needRoot() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root may do this: %w", api.Forbidden)
	}
	return nil
}

// writeBackup leaves no file that is not whole, and goes by the folder that it opened:
// others may be able to write there.
func (c *cli) writeBackup(ctx context.Context, file string, data bool, note func(archive.Note)) error {
	folder, err := beneath.Folder(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := c.warn(folder); err != nil {
		return err
	}
	if info, err := folder.Lstat(filepath.Base(file)); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder: name a file in it, such as %s: %w", file, filepath.Join(file, "nexushub.tar.gz"), api.Invalid)
	}
	f, err := folder.Pending(filepath.Base(file), 0o600)
	if err != nil {
		return err
	}
	if err := archive.Write(ctx, f, "/", data, note); err != nil {
		return fmt.Errorf("%s is not written: %w", file, errors.Join(err, f.Discard()))
	}
	return f.Commit()
}

// warn says who else decides what is found in the folder tomorrow.
func (c *cli) warn(folder *beneath.Dir) error {
	info, err := folder.Stat()
	if err != nil {
		return err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	open := info.Mode()&os.ModeSticky == 0 && info.Mode().Perm()&0o022 != 0
	if open || !ok || !trusted(int(s.Uid)) {
		c.voice.Warn("others can write to " + folder.Name() + ": they cannot read the archive, but remove it or put another in its place")
	}
	return nil
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
