package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
)

// stopped are the units that must not write while files are put back, and the sockets
// that would start them again.
var stopped = []string{
	"nexushub-proxy.socket", "nexushub-proxy-control.socket", "nexushubd.socket", "nexushubd-debug.socket",
	"nexushubd.service", "nexushub-proxy.service",
}

func (c *cli) restore() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "put back what backup wrote (root)",
		Long: `restore stops the agent and the proxy, puts the files of an archive back, and starts
both again; meanwhile no connection is accepted. The agent then runs what the archive
says. Applications that run go on until the agent finds that they are not wanted. Files
that the archive does not have stay. The archive may be another host's: owners go by
their names.

It refuses to write over a configuration that is there, unless --force says so.`,
		Example: "  nexushub restore /root/nexushub.tar.gz --force",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&force, "force", false, "write over what is there")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needRoot(); err != nil {
			return err
		}
		if exists("/var/lib/nexushub/state") && !force {
			return fmt.Errorf("/var/lib/nexushub/state is there already: --force writes over it: %w", api.Conflict)
		}
		return c.putBack(cmd.Context(), args[0])
	}
	return cmd
}

func (c *cli) putBack(ctx context.Context, file string) (err error) {
	c.voice.Running("checking " + file)
	if err := readBackup(ctx, file, nil); err != nil {
		return err
	}
	c.voice.Running("stopping the agent and the proxy")
	if err := c.systemctl(ctx, append([]string{"stop"}, stopped...)...); err != nil {
		return err
	}
	defer func() { // also after a fault: what is there should run
		c.voice.Running("starting the agent and the proxy")
		err = errors.Join(err, c.systemctl(context.WithoutCancel(ctx), append([]string{"start"}, stopped...)...))
	}()
	root, err := os.OpenRoot("/")
	if err != nil {
		return err
	}
	defer root.Close()
	if err := readBackup(ctx, file, root); err != nil {
		return err
	}
	return c.voice.Restored(file)
}

func (c *cli) systemctl(ctx context.Context, args ...string) error {
	if err := command(ctx, append([]string{"systemctl"}, args...), nil, c.voice.Err, c.voice.Err).Run(); err != nil {
		return fmt.Errorf("systemctl %s: %w", args[0], err)
	}
	return nil
}

// readBackup checks an archive from end to end, and puts its files under root if there
// is one.
func readBackup(ctx context.Context, file string, root *os.Root) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s is no backup: %w", file, err)
	}
	t := tar.NewReader(z)
	for {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.Join(ctx.Err(), ours(head.Name))
		}
		if err == nil && root != nil {
			err = extract(root, head, t)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
}

// ours refuses an archive that would write anywhere else.
func ours(name string) error {
	clean := filepath.Clean(name)
	for _, path := range append(kept[:len(kept):len(kept)], applicationData) {
		if clean == path || strings.HasPrefix(clean, path+"/") {
			return nil
		}
	}
	return fmt.Errorf("%q does not belong into a backup: %w", name, api.Invalid)
}

func extract(root *os.Root, head *tar.Header, content io.Reader) error {
	name := filepath.Clean(head.Name)
	mode := head.FileInfo().Mode().Perm()
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	var err error
	switch head.Typeflag {
	case tar.TypeDir:
		if err = root.Mkdir(name, mode); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	case tar.TypeSymlink:
		if err = root.Remove(name); err == nil || errors.Is(err, fs.ErrNotExist) {
			err = root.Symlink(head.Linkname, name)
		}
		return err
	case tar.TypeReg:
		err = writeFile(root, name, content)
	default:
		err = fmt.Errorf("%q is neither a file nor a folder nor a link: %w", head.Name, api.Invalid)
	}
	if err == nil {
		uid, gid := owner(head)
		err = root.Lchown(name, uid, gid)
	}
	if err == nil {
		err = root.Chmod(name, mode)
	}
	return err
}

// owner goes by name where this host knows it: the numbers of another host mean others.
func owner(head *tar.Header) (uid, gid int) {
	uid, gid = head.Uid, head.Gid
	if u, err := user.Lookup(head.Uname); err == nil {
		uid = number(u.Uid, uid)
	}
	if g, err := user.LookupGroup(head.Gname); err == nil {
		gid = number(g.Gid, gid)
	}
	return uid, gid
}

func number(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return otherwise
}

func writeFile(root *os.Root, name string, content io.Reader) error {
	f, err := root.OpenFile(name+".restoring", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, root.Remove(name+".restoring"))
	}
	return root.Rename(name+".restoring", name)
}
