package debug_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// call sends one request and reads the answer; status 0 is a connection that broke.
func (h *host) call(ctx context.Context, client *http.Client, method, path, kind string,
	body io.Reader) (status int, answer []byte) {
	req, err := http.NewRequestWithContext(ctx, method, base+"/debug/application"+path, body)
	if err != nil {
		return 0, []byte(err.Error())
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Content-Type", kind)
	res, err := client.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		return 0, []byte(err.Error())
	}
	return res.StatusCode, answer
}

// away says whether a status is of a moment when the agent is not there: no connection, or the proxy's word for it.
func away(status int) bool { return status == 0 || status >= 502 && status <= 504 }

// must calls until the agent is there, and wants the given status.
func (h *host) must(t testing.TB, want int, method, path, body string) (answer []byte) {
	t.Helper()
	var status int
	lab.Eventually(t, fmt.Sprintf("the agent answers %s %s", method, path), func() error {
		status, answer = h.call(t.Context(), h.HTTP, method, path, "application/json", strings.NewReader(body))
		if status != want && away(status) {
			return fmt.Errorf("%d %s", status, answer)
		}
		return nil
	})
	if status != want {
		t.Fatalf("%s %s: %d %s, want %d", method, path, status, answer, want)
	}
	return answer
}

func (h *host) create(t testing.TB, appID string) (id string) {
	t.Helper()
	var a api.DebugApplication
	if err := json.Unmarshal(h.must(t, 201, http.MethodPost, "", fmt.Sprintf(`{"appId":%q}`, appID)), &a); err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func (h *host) uploadStatus(t testing.TB, id string) (st api.UploadStatus) {
	t.Helper()
	if err := json.Unmarshal(h.must(t, 200, http.MethodGet, "/"+id+"/upload/status", ""), &st); err != nil {
		t.Fatal(err)
	}
	return st
}

// file is a file and its chunks.
type file struct {
	data []byte
	size int // of a chunk
	md5  string
	sha  string
}

func newFile(data []byte, chunk int) *file {
	m, s := md5.Sum(data), sha256.Sum256(data)
	return &file{data: data, size: chunk, md5: hex.EncodeToString(m[:]), sha: hex.EncodeToString(s[:])}
}

// noise cannot be compressed, and is the same every time.
func noise(size int) []byte {
	data := make([]byte, size)
	if _, err := rand.NewChaCha8([32]byte{1}).Read(data); err != nil {
		panic(err) // never
	}
	return data
}

func (f *file) chunks() int { return (len(f.data) + f.size - 1) / f.size }

func (f *file) chunk(i int) []byte { return f.data[i*f.size : min((i+1)*f.size, len(f.data))] }

// form is the request body of a chunk.
func (f *file) form(i int) (kind string, body []byte) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for _, field := range [][2]string{{"chunkIndex", strconv.Itoa(i)}, {"totalChunks", strconv.Itoa(f.chunks())},
		{"fileHash", f.md5}} {
		_ = w.WriteField(field[0], field[1]) // to memory
	}
	part, _ := w.CreateFormFile("chunk", "part")
	_, _ = part.Write(f.chunk(i))
	_ = w.Close()
	return w.FormDataContentType(), buf.Bytes()
}

// send uploads chunk i once.
func (h *host) send(ctx context.Context, client *http.Client, id string, f *file, i int) (status int, answer []byte) {
	kind, body := f.form(i)
	return h.call(ctx, client, http.MethodPost, "/"+id+"/upload", kind, bytes.NewReader(body))
}

func (h *host) upload(t testing.TB, id string, f *file) {
	t.Helper()
	for i := range f.chunks() {
		if status, answer := h.send(t.Context(), h.HTTP, id, f, i); status != 200 {
			t.Fatalf("chunk %d: %d %s", i, status, answer)
		}
	}
}

// checkArrived wants the whole file, bit by bit.
func (h *host) checkArrived(t testing.TB, id string, f *file) {
	t.Helper()
	st := h.uploadStatus(t, id)
	if !st.Completed || st.SHA256 != f.sha || st.FileHash != f.md5 || len(st.MissingChunks) != 0 {
		t.Fatalf("got %+v, want SHA-256 %s", st, f.sha)
	}
	out := h.Must(t, "sha256sum", "/var/lib/nexushub/uploads/"+id+"/data")
	if out[:64] != f.sha {
		t.Errorf("on disk: %s, want %s", out, f.sha)
	}
}
