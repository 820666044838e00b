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
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
)

// kept is everything that makes this host what it is. What is under /run comes back by
// itself.
var kept = []string{"etc/nexushub", "var/lib/nexushub", "var/lib/nexushub-proxy"}

// applicationData is where systemd keeps the state folders of DynamicUser units.
const applicationData = "var/lib/private/nexushub-apps"

func (c *cli) backup() *cobra.Command {
	var data bool
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "write configuration, state, releases and secrets into one archive (root)",
		Long: `backup writes /etc/nexushub, /var/lib/nexushub and /var/lib/nexushub-proxy into a tar.gz
that only root can read: it holds secrets and private keys. The agent may run
meanwhile: its files are replaced as wholes. With --data the state folders of the
applications are added; stop those that do not like being copied while they write.`,
		Example: "  nexushub backup /root/nexushub.tar.gz\n  nexushub backup --data /root/nexushub-with-data.tar.gz",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&data, "data", false, "with the state folders of the applications")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needRoot(); err != nil {
			return err
		}
		paths := kept
		if data {
			paths = append(paths[:len(paths):len(paths)], applicationData)
		}
		if err := writeBackup(cmd.Context(), args[0], "/", paths); err != nil {
			return err
		}
		return c.voice.BackedUp(args[0])
	}
	return cmd
}

func needRoot() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root may do this: %w", api.Forbidden)
	}
	return nil
}

// writeBackup leaves no file that is not whole.
func writeBackup(ctx context.Context, file, root string, paths []string) (err error) {
	f, err := os.OpenFile(file+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	z := gzip.NewWriter(f)
	t := tar.NewWriter(z)
	for _, p := range paths {
		if err := addTree(ctx, t, root, p); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := errors.Join(t.Close(), z.Close(), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

func addTree(ctx context.Context, t *tar.Writer, root, path string) error {
	return filepath.WalkDir(filepath.Join(root, path), func(full string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // never used, or replaced meanwhile
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		return addFile(t, root, full, d)
	})
}

func addFile(t *tar.Writer, root, full string, d fs.DirEntry) error {
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || info.Mode()&(fs.ModeSocket|fs.ModeNamedPipe) != 0 {
		return err
	}
	link := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(full); err != nil {
			return err
		}
	}
	head, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(root, full)
	if err != nil {
		return err
	}
	if head.Name = filepath.ToSlash(rel); d.IsDir() {
		head.Name += "/"
	}
	if !info.Mode().IsRegular() {
		return t.WriteHeader(head)
	}
	return addContent(t, head, full)
}

// addContent takes the size of the file that it opened: the name may lead to another
// one by then.
func addContent(t *tar.Writer, head *tar.Header, full string) error {
	f, err := os.OpenFile(full, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	head.Size = info.Size()
	if err := t.WriteHeader(head); err != nil {
		return err
	}
	_, err = io.CopyN(t, f, head.Size)
	return err
}
