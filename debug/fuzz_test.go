package debug

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostile"
)

// FuzzInstall sends anything as a package through the whole API: the answer is never our
// fault, and what was refused leaves nothing and is nowhere else.
func FuzzInstall(f *testing.F) {
	for _, h := range hostile.Archives() {
		if data := h.Make(f); len(data) < 16<<10 {
			f.Add(data)
		}
	}
	f.Add(packageOf(f, "run"))
	h := newHost(f)
	path, a := h.create(`{"appId":"shop"}`)
	asRoot := h.server.Handler(func(*http.Request) (uint32, bool) { return 0, true })
	f.Fuzz(func(t *testing.T, data []byte) {
		h.tb = t
		send := func(method, path string, body []byte) int {
			answer := httptest.NewRecorder()
			asRoot.ServeHTTP(answer, httptest.NewRequest(method, path, bytes.NewReader(body)))
			if answer.Code >= 500 {
				t.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
			}
			return answer.Code
		}
		if code := send(http.MethodPut, path+"/package", data); (code == http.StatusCreated) != (len(data) > 0) {
			t.Fatalf("upload of %d bytes: %d", len(data), code)
		}
		code := send(http.MethodPost, path+"/install", nil)
		if code != http.StatusOK && code != http.StatusUnprocessableEntity && len(data) > 0 {
			t.Fatalf("install: %d", code)
		}
		if code == http.StatusOK {
			h.must(os.RemoveAll(filepath.Join(h.dir, "releases", h.runtime.wanted[a.ID].Release)))
			h.must(os.RemoveAll(filepath.Join(h.dir, "releases", ".meta", h.runtime.wanted[a.ID].Release+".json")))
		}
		h.nothingInstalled()
	})
}

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
