package debug

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"testing"

	"github.com/nexushub/nexushub/api"
)

// FuzzForm reads forms as they may come from anybody: an error is the client's, and
// what is accepted is within its limits.
func FuzzForm(f *testing.F) {
	part := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	fields := part("chunkIndex", "1") + part("totalChunks", "2") + part("fileHash", md5hex(nil))
	f.Add([]byte(fields + part("chunk", "data") + "--b--\r\n"))
	f.Add([]byte(part("chunk", "data") + fields + "--b--"))
	f.Add([]byte(fields + part("chunk", "data") + part("sha256", "x") + "--b--"))
	f.Add([]byte(part("chunkIndex", "99999999999999999999") + "--b--"))
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=chunk\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--b--"))
	f.Fuzz(func(t *testing.T, data []byte) {
		form := newForm(multipart.NewReader(bytes.NewReader(data), "b"))
		part, err := form.next()
		if err == nil && part != nil {
			if _, e := io.Copy(io.Discard, part); e == nil {
				err = form.rest()
			}
		}
		if err != nil {
			if api.CodeOf(err) != api.Malformed {
				t.Errorf("got %v, want a fault of the client", err)
			}
			return
		}
		h, index, err := form.header(100)
		var fault *api.Fault
		if err == nil && (index < 0 || index >= h.Total || h.Total > 100 || len(h.MD5) != 32) || err != nil && !errors.As(err, &fault) {
			t.Errorf("got %+v, chunk %d, %v", h, index, err)
		}
	})
}
