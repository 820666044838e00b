package certfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/readable"
	"github.com/nexushub/nexushub/internal/shell"
)

// errNoFile is wrapped where a folder, a FIFO or the like has the name of a file.
var errNoFile = errors.New("is not a file")

// content reads a file as the user would, and explains why it cannot be read.
func (r *reader) content(path string) ([]byte, error) {
	f, info, err := beneath.Regular(path)
	if err != nil {
		return nil, r.explain(path, err)
	}
	defer f.Close()
	if !r.who.Self {
		if err := r.check(path); err != nil {
			return nil, r.explain(path, err)
		}
	}
	data, err := beneath.ReadAll(f, maxFile)
	if err != nil {
		return nil, fmt.Errorf("%s, %d bytes long, cannot be read: %w", path, info.Size(), err)
	}
	return data, nil
}

// explain turns the error of opening a file into a sentence with what to do. It wraps
// fs.ErrNotExist if no such name is in the folder, and errFolder.
func (r *reader) explain(path string, err error) error {
	link, linkErr := os.Readlink(path)
	switch {
	case errors.Is(err, errTmp), errors.Is(err, fs.ErrNotExist) && linkErr == nil:
		return problem("%s leads to %s, which is not there for the proxy (its /tmp is its own); copy the file instead", path, link)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is missing%w", path, silent{fs.ErrNotExist})
	case errors.Is(err, fs.ErrPermission):
		return r.closed(path, err)
	case errors.Is(err, fs.ErrInvalid):
		return fmt.Errorf("%s %w", path, errNoFile)
	}
	return fmt.Errorf("%s cannot be read: %w", path, err)
}

// closed says what on the way to a file is closed, and how it is opened: by its group, or
// by a copy where a link leads into somebody else's folder.
func (r *reader) closed(path string, err error) error {
	if r.who.Self {
		err = r.who.Check(path)
	}
	denied, ok := errors.AsType[*readable.Denied](err)
	switch {
	case !ok:
		return problem("%s is closed to %s although its mode is not: a drop-in of nexushub-proxy.service or a security module "+
			"is in the way (journalctl -k)", path, r.who.Name)
	case denied.Path == path:
		return problem("%s may not read %s (mode %04o); %s && %s", r.who.Name, path, denied.Mode.Perm(),
			shell.Command("chgrp "+ProxyUser, path), shell.Command("chmod 0640", path))
	case isAbove(denied.Path, r.dir):
		return r.explainFolder(denied)
	case denied.Folder:
		return problem("%s may not pass the folder %s (mode %04o), through which %s leads; %s",
			r.who.Name, denied.Path, denied.Mode.Perm(), path, copyIt(path))
	}
	return problem("%s may not read %s (mode %04o), to which %s leads; %s",
		r.who.Name, denied.Path, denied.Mode.Perm(), path, copyIt(path))
}

// copyIt is the remedy for a link into a folder whose owner would close it again.
func copyIt(path string) string {
	return "copy the file, where it is renewed by a program, with a hook of that: " +
		shell.Command("install -m 0640 -g "+ProxyUser, endOf(path), path)
}

// explainFolder is about the folder of all certificates, or one above it.
func (r *reader) explainFolder(err error) error {
	if r.who.Self && errors.Is(err, fs.ErrPermission) {
		err = errors.Join(r.who.CheckFolder(r.dir), err)
	}
	if denied, ok := errors.AsType[*readable.Denied](err); ok {
		mode := "g+rx"
		if denied.Path != r.dir {
			mode = "g+x"
		}
		return fmt.Errorf("%s may not read the folder %s (mode %04o); %s && %s%w", r.who.Name, denied.Path,
			denied.Mode.Perm(), shell.Command("chgrp "+ProxyUser, denied.Path), shell.Command("chmod "+mode, denied.Path),
			silent{err})
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder is missing; make it: %s%w",
			shell.Command("install -d -m 0750 -g "+ProxyUser, r.dir), silent{err})
	}
	return fmt.Errorf("the folder cannot be read: %w", err)
}

// silent is wrapped for errors.Is alone.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

func isAbove(folder, path string) bool {
	return folder == path || folder == "/" || strings.HasPrefix(path, folder+"/")
}

// endOf is where links lead to, as far as the caller may see.
func endOf(path string) string {
	if end, err := filepath.EvalSymlinks(path); err == nil {
		return end
	}
	if target, err := os.Readlink(path); err == nil {
		return target
	}
	return path
}

var errTmp = errors.New("hidden by PrivateTmp=")

// check says whether the proxy, not the caller, gets to a file.
func (r *reader) check(path string) error {
	if err := r.who.Check(path); err != nil {
		return err
	}
	if end := endOf(path); inTmp(end) && !inTmp(path) {
		return errTmp
	}
	return nil
}

func inTmp(path string) bool { return isAbove("/tmp", path) || isAbove("/var/tmp", path) }
