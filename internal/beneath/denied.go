package beneath

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Denied says which file or folder on the way to a name the caller may not read or enter. It
// wraps [fs.ErrPermission].
type Denied struct {
	Path     string // where it lies, all links resolved
	Mode     fs.FileMode
	UID, GID uint32
	Enter    bool // it is a folder that may not be entered; else it may not be read
	err      error
}

func (d *Denied) Error() string {
	if d.Enter {
		return d.Path + " may not be entered: " + d.err.Error()
	}
	return d.Path + " may not be read: " + d.err.Error()
}

// Unwrap returns the error of the system call.
func (d *Denied) Unwrap() error { return d.err }

// denied makes a Denied of a refusal that is due to what fd stands for.
func denied(fd int, enter bool, err error) error {
	var st unix.Stat_t
	if !errors.Is(err, unix.EACCES) || unix.Fstat(fd, &st) != nil {
		return err
	}
	path, linkErr := os.Readlink(self(fd))
	if linkErr != nil {
		return err
	}
	return &Denied{
		Path: path, Mode: fs.FileMode(st.Mode).Perm(), UID: st.Uid, GID: st.Gid, Enter: enter, err: err,
	}
}
