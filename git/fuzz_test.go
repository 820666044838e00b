package git

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"testing"
)

// FuzzPack: whatever stands in the place of the archive, what comes out is an archive or an error,
// and no larger than it may be.
func FuzzPack(f *testing.F) {
	var valid bytes.Buffer
	w := tar.NewWriter(&valid)
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "1234"}},
		{Typeflag: tar.TypeDir, Name: "bin/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "bin/app", Mode: 0o755, Size: 3},
		{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "../../etc/passwd"},
	} {
		if err := w.WriteHeader(&h); err != nil {
			f.Fatal(err)
		}
		if h.Size > 0 {
			io.WriteString(w, "abc")
		}
	}
	w.Close()
	f.Add(valid.Bytes())
	f.Add(valid.Bytes()[:1500])
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 1 << 16
		var out bytes.Buffer
		if err := pack(&out, bytes.NewReader(data), most, 100); err != nil {
			return
		}
		z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			return // a name that archive/zip refuses to read, as the release store does
		}
		var size uint64
		for _, f := range z.File {
			size += f.UncompressedSize64
		}
		if size > most+uint64(len(data)) { // the targets of links are beside it
			t.Errorf("%d bytes of at most %d", size, most)
		}
	})
}
