package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/nexushub/nexushub/api"
)

// dump is a database whose content is text.
func (h host) dump(name, text string) Dump {
	return Dump{Name: name, File: func() (*os.File, error) {
		f, err := os.Create(filepath.Join(h.TempDir(), "dump"))
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		return f, err
	}}
}

// A dump is in the stage as long as that is there, and never on the host. One that cannot be made costs nobody
// else anything.
func TestDumps(t *testing.T) {
	h := newHost(t)
	var out bytes.Buffer
	var notes []Note
	broken := Dump{Name: "broken", File: func() (*os.File, error) { return nil, errors.New("the server is down") }}
	h.must(Write(t.Context(), &out, h.base, true, func(n Note) { notes = append(notes, n) },
		h.dump("shop", "orders"), broken, h.dump("mail", "")))
	if len(notes) != 1 || !notes[0].Lost || notes[0].Tree != "broken" {
		t.Errorf("said %v", notes)
	}
	s, err := h.stage(h.keep(out.Bytes()))
	h.must(err)
	if got := s.Dumps(); len(got) != 2 {
		t.Errorf("there are %q", got)
	}
	f, err := s.OpenDump("shop")
	h.must(err)
	if text, err := io.ReadAll(f); string(text) != "orders" {
		t.Errorf("%q, %v", text, err)
	}
	h.must(s.Swap())
	h.must(errors.Join(f.Close(), s.Close()))
	h.lacks(dumps.path())
	h.clean()
}

// What is no dump is refused where dumps are.
func TestHostileDumps(t *testing.T) {
	for what, head := range map[string]tar.Header{
		"link":   {Typeflag: tar.TypeSymlink, Name: dumps.path() + "/shop", Linkname: "/etc/shadow"},
		"hard":   {Typeflag: tar.TypeLink, Name: dumps.path() + "/shop", Linkname: "etc/nexushub/nexushub.toml"},
		"folder": {Typeflag: tar.TypeDir, Name: dumps.path() + "/shop/", Mode: 0o755},
		"below":  {Typeflag: tar.TypeReg, Name: dumps.path() + "/a/b"},
		"out":    {Typeflag: tar.TypeReg, Name: dumps.path() + "/../shop"},
	} {
		h := newHost(t)
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		w := tar.NewWriter(z)
		for _, e := range []tar.Header{
			{Typeflag: tar.TypeDir, Name: "etc/nexushub/", Mode: 0o755},
			{Typeflag: tar.TypeReg, Name: "etc/nexushub/nexushub.toml", Mode: 0o600},
			{Typeflag: tar.TypeDir, Name: dumps.path() + "/", Mode: 0o700}, head,
		} {
			h.must(w.WriteHeader(&e))
		}
		h.must(errors.Join(w.Close(), z.Close()))
		if _, err := h.stage(h.keep(out.Bytes())); !errors.Is(err, api.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
		h.clean()
	}
}
