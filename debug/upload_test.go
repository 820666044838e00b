package debug

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
)

func TestUploadOverHTTP(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	file := bytes.Repeat([]byte("0123456789"), 1000)
	h.get(path + "/upload/status").problem(404)
	var got api.UploadAnswer
	h.chunk(path, 2, 3, file, file[8000:]).want(200).into(&got)
	if got.Status != "received" {
		t.Errorf("got %+v", got)
	}
	var st api.UploadStatus
	h.get(path + "/upload/status").want(200).into(&st)
	if st.ApplicationID != a.ID || st.TotalChunks != 3 || st.ReceivedChunks != 1 || st.Completed ||
		st.FileHash != md5hex(file) ||
		len(st.MissingChunks) != 1 || st.MissingChunks[0] != (api.ChunkRange{From: 0, To: 1}) || int(st.Progress) != 33 {
		t.Errorf("got %+v", st)
	}
	h.start()
	h.chunk(path, 0, 3, file, file[:4000]).want(200)
	h.chunk(path, 2, 3, file, file[8000:]).want(200)
	h.chunk(path, 1, 3, file, file[4000:8000]).want(200).into(&got)
	if got.Status != "completed" {
		t.Errorf("got %+v", got)
	}
	h.get(path + "/upload/status").want(200).into(&st)
	sum := sha256.Sum256(file)
	if !st.Completed || st.Progress != 100 || st.SHA256 != hex.EncodeToString(sum[:]) || st.MissingChunks == nil {
		t.Errorf("got %+v", st)
	}
}

func TestUploadRefusals(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	file := []byte("hello world")
	index, total, hash, chunk := field{"chunkIndex", "0"}, field{"totalChunks", "2"}, field{"fileHash", md5hex(file)},
		field{"chunk", "hello"}
	for name, c := range map[string]struct {
		status int
		says   string
		fields []field
	}{
		"nothing":         {400, "chunk", nil},
		"no index":        {400, "chunkIndex", []field{total, hash, chunk}},
		"no total":        {400, "totalChunks", []field{index, hash, chunk}},
		"no hash":         {400, "fileHash", []field{index, total, chunk}},
		"no chunk":        {400, "chunk", []field{index, total, hash}},
		"bad index":       {400, "chunkIndex", []field{{"chunkIndex", "2"}, total, hash, chunk}},
		"negative index":  {400, "chunkIndex", []field{{"chunkIndex", "-1"}, total, hash, chunk}},
		"no number":       {400, "chunkIndex", []field{{"chunkIndex", "1e3"}, total, hash, chunk}},
		"too many chunks": {400, "totalChunks", []field{index, {"totalChunks", "101"}, hash, chunk}},
		"no chunks":       {400, "totalChunks", []field{index, {"totalChunks", "0"}, hash, chunk}},
		"bad hash":        {400, "fileHash", []field{index, total, {"fileHash", "../x"}, chunk}},
		"bad sha256":      {400, "sha256", []field{index, total, hash, {"sha256", "x"}, chunk}},
		"field twice":     {400, "twice", []field{index, index, total, hash, chunk}},
		"chunk twice":     {400, "twice", []field{index, total, hash, chunk, chunk}},
		"long field":      {400, "longer", []field{{"chunkIndex", strings.Repeat("1", maxField+1)}, total, hash, chunk}},
	} {
		if p := h.form(path, c.fields...).problem(c.status); !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: got %q, want it to name %q", name, p.Detail, c.says)
		}
	}
	other, _ := h.create(`{"appId":"large"}`)
	large := field{"chunk", strings.Repeat("x", 8<<20+1)}
	if p := h.form(other, index, total, hash, large).problem(413); !strings.Contains(p.Detail, "8388608") {
		t.Errorf("got %q, want the limit", p.Detail)
	}
	h.post(path+"/upload", "{}").problem(400)
	h.form(path, index, total, hash, chunk).want(200)
	h.form(path, index, total, hash, field{"chunk", "HELLO"}).problem(409)
	h.form(path, index, field{"totalChunks", "3"}, hash, chunk).problem(409)
	h.form(path, index, total, field{"fileHash", md5hex(nil)}, chunk).problem(409)
	h.form(path, field{"chunkIndex", "1"}, total, hash, field{"chunk", " WORLD"}).problem(422)
	var st api.UploadStatus
	h.get(path + "/upload/status").want(200).into(&st)
	if st.Error == "" || st.ReceivedChunks != 0 {
		t.Errorf("got %+v, want a discarded upload with its reason", st)
	}
}

func TestFieldsMayComeInAnyOrder(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	file := []byte("hello world")
	sum := sha256.Sum256(file)
	sha := hex.EncodeToString(sum[:])
	index, total, hash, chunk := field{"chunkIndex", "0"}, field{"totalChunks", "1"},
		field{"fileHash", strings.ToUpper(md5hex(file))}, field{"chunk", string(file)}
	h.form(path, chunk, index, total, hash, field{"sha256", strings.Repeat("0", 64)}).problem(422)
	h.form(path, index, total, hash, chunk, field{"sha256", strings.Repeat("0", 64)}).problem(422)
	h.form(path, chunk, field{"sha256", sha}, hash, total, index, field{"extra", "x"}).want(200)
	h.form(path, index, total, hash, chunk, field{"sha256", sha}).want(200)
}

// A connection that is cut in the middle of a chunk leaves nothing behind.
func TestUploadCutOnTheWire(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	file := bytes.Repeat([]byte("x"), 300_000)
	head := "--b\r\nContent-Disposition: form-data; name=\"chunkIndex\"\r\n\r\n0\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"totalChunks\"\r\n\r\n1\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"fileHash\"\r\n\r\n" + md5hex(file) + "\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"chunk\"; filename=\"x\"\r\n\r\n"
	tail := "\r\n--b--\r\n"
	for _, n := range []int{0, 1, 100_000, len(file) - 1, len(file)} {
		conn, err := net.Dial("tcp", h.http.Listener.Addr().String())
		h.must(err)
		_, err = fmt.Fprintf(conn, "POST %s/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n%s%s",
			path, len(head)+len(file)+len(tail), head, file[:n])
		h.must(err)
		h.must(conn.(*net.TCPConn).CloseWrite())
		_, err = io.ReadAll(conn)
		h.must(err)
		h.must(conn.Close())
		var st api.UploadStatus
		if a := h.get(path + "/upload/status"); a.status == 200 {
			a.into(&st)
		}
		if st.ReceivedChunks != 0 {
			t.Errorf("cut after %d bytes: %+v", n, st)
		}
	}
	h.chunk(path, 0, 1, file, file).want(http.StatusOK)
}

// What is not the file has a limit of its own, before the file and behind it; the file
// may be larger.
func TestFieldsOfAFormAreBounded(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	file := bytes.Repeat([]byte("x"), 3*formOverhead)
	h.chunk(path, 0, 1, file, file).want(http.StatusOK)
	var huge bytes.Buffer
	for i := range 40 {
		fmt.Fprintf(&huge, "--b\r\nContent-Disposition: form-data; name=f%d\r\nX: %s\r\n\r\n\r\n", i, strings.Repeat("h", 64<<10))
	}
	chunk := "--b\r\nContent-Disposition: form-data; name=chunk\r\n\r\nx\r\n"
	for _, body := range []string{huge.String() + chunk + "--b--", chunk + huge.String() + "--b--"} {
		a := h.do(http.MethodPost, path+"/upload", http.Header{"Content-Type": {"multipart/form-data; boundary=b"}},
			strings.NewReader(body))
		if p := a.problem(http.StatusBadRequest); !strings.Contains(p.Detail, "larger than 1048576 bytes") {
			t.Errorf("got %q", p.Detail)
		}
	}
}
