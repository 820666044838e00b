package debug

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

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
	asRoot := h.asOperator()
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

// FuzzUpload sends forms of any kind, length and boundary through the whole API.
func FuzzUpload(f *testing.F) {
	part := func(head, value string) string {
		return "--b\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n"
	}
	fields := part("name=chunkIndex", "0") + part("name=totalChunks", "1") + part("name=fileHash", md5hex([]byte("data")))
	file := part(`name="chunk"; filename="../../x"`, "data")
	nested := "--b\r\nContent-Disposition: form-data; name=chunk\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n"
	for _, body := range []string{fields + file, file + fields, fields + file + file, fields + fields + file,
		fields + nested, fields, file, "",
		fields + part("name*=UTF-8''chunk", "x"), part("name=\"chunk\"; name=x", "x"),
		"--b\r\nX: " + strings.Repeat("h", 1<<16) + "\r\n\r\n"} {
		f.Add("multipart/form-data; boundary=b", body+"--b--\r\n", int16(0))
	}
	f.Add(`multipart/form-data; boundary="b "`, "--b \r\n", int16(1))
	f.Add("multipart/form-data; boundary="+strings.Repeat("b", 100), "", int16(-1))
	h := newHost(f)
	path, _ := h.create(`{"appId":"shop"}`)
	asRoot := h.asOperator()
	f.Fuzz(func(t *testing.T, kind, body string, lie int16) {
		h.tb = t
		r := httptest.NewRequest(http.MethodPost, path+"/upload", iotest.HalfReader(strings.NewReader(body)))
		r.Header["Content-Type"] = []string{kind}
		r.ContentLength = int64(len(body)) + int64(lie)
		answer := httptest.NewRecorder()
		asRoot.ServeHTTP(answer, r)
		if answer.Code >= 500 {
			t.Fatalf("%d %s", answer.Code, answer.Body)
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
		form := newForm(bytes.NewReader(data), "b")
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
		if err == nil && (index < 0 || index >= h.Total || h.Total > 100 || len(h.MD5) != 32) ||
			err != nil && !errors.As(err, &fault) {
			t.Errorf("got %+v, chunk %d, %v", h, index, err)
		}
	})
}
