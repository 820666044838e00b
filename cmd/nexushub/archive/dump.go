package archive

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
)

// dumps is where the archive has the databases of applications. It is no folder of the host:
// what is unpacked of it stays in the stage.
var dumps = tree{"var/lib", "nexushub-databases", root}

// Dump is a database of an application.
type Dump struct {
	Name string                   // a file's
	File func() (*os.File, error) // its content, made when it is asked for
}

// databases archives the dumps. One that cannot be made is its application's loss alone.
func (w *writer) databases(list []Dump) error {
	if len(list) == 0 {
		return nil
	}
	head := tar.Header{Typeflag: tar.TypeDir, Name: dumps.path() + "/", Mode: 0o700, ModTime: time.Now()}
	if err := w.tar.WriteHeader(&head); err != nil {
		return err
	}
	for _, d := range list {
		if err := w.database(d); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) database(d Dump) error {
	f, err := d.File()
	if err != nil {
		if w.ctx.Err() == nil {
			w.note(Note{Tree: d.Name, Text: "the database is left out: " + err.Error(), Lost: true})
		}
		return w.ctx.Err()
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	head := tar.Header{Typeflag: tar.TypeReg, Name: path.Join(dumps.path(), d.Name), Mode: 0o600, Size: size,
		ModTime: time.Now()}
	if err := w.tar.WriteHeader(&head); err != nil {
		return err
	}
	_, err = io.CopyN(w.tar, reader{w.ctx, f}, size)
	return err
}

// Dumps are the names of the databases that were staged.
func (s *Stage) Dumps() []string { return s.dumps }

// OpenDump opens the dump of one of them.
func (s *Stage) OpenDump(name string) (*os.File, error) {
	return s.parents[dumps.parent].OpenFile(s.staged(dumps, name), os.O_RDONLY, 0)
}

// keep notes an entry that stays in the stage. There are only files, none below another.
func (s *Stage) keep(rel string, e entry) error {
	if rel == "" {
		return nil
	}
	if e.Typeflag != tar.TypeReg || strings.Contains(rel, "/") {
		return fmt.Errorf("%q is no dump of a database: %w", e.Name, api.Invalid)
	}
	s.dumps = append(s.dumps, rel)
	return nil
}
