package git

import (
	"archive/tar"
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/nexushub/nexushub/api"
)

// pack makes a package of the tar archive that git writes: its files, executable bits and links. More
// than a package may be is api.TooLarge: a small pack may hold any number of files, as folders in it
// may be the same one.
func pack(out io.Writer, in io.Reader, most int64, entries int) error {
	z := zip.NewWriter(out)
	for t := tar.NewReader(in); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return z.Close()
		}
		if err != nil {
			return fmt.Errorf("what git archive writes: %w", err)
		}
		if most -= h.Size; most < 0 {
			return fmt.Errorf("the files are larger than a package may be (upload.max_size): %w", api.TooLarge)
		}
		if entries--; entries < 0 {
			return fmt.Errorf("there are more files, folders and links than a package may have (package.max_entries): %w", api.TooLarge)
		}
		if err := packEntry(z, h, t); err != nil {
			return err
		}
	}
}

func packEntry(z *zip.Writer, h *tar.Header, content io.Reader) error {
	entry := &zip.FileHeader{Name: h.Name, Method: zip.Deflate}
	mode := fs.FileMode(0o644)
	if h.Mode&0o111 != 0 {
		mode = 0o755
	}
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeDir:
		mode |= fs.ModeDir
	case tar.TypeSymlink:
		mode |= fs.ModeSymlink
	default: // the commit's id
		return nil
	}
	entry.SetMode(mode)
	w, err := z.CreateHeader(entry)
	if err != nil {
		return err
	}
	if h.Typeflag == tar.TypeSymlink {
		_, err = io.WriteString(w, h.Linkname)
		return err
	}
	_, err = io.Copy(w, content)
	return err
}
