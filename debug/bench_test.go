package debug

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkUpload sends 64 MiB in chunks of 2 MiB, one after the other.
func BenchmarkUpload(b *testing.B) {
	const size, chunk = 64 << 20, 2 << 20
	h := newHost(b)
	h.limits.MaxSize = size
	h.start()
	path, _ := h.create(`{"appId":"bench"}`)
	file := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	hash := md5hex(file)
	b.SetBytes(size)
	for b.Loop() {
		for i := range size / chunk {
			head := fmt.Sprintf("--b\r\nContent-Disposition: form-data; name=\"chunkIndex\"\r\n\r\n%d\r\n"+
				"--b\r\nContent-Disposition: form-data; name=\"totalChunks\"\r\n\r\n%d\r\n"+
				"--b\r\nContent-Disposition: form-data; name=\"fileHash\"\r\n\r\n%s\r\n"+
				"--b\r\nContent-Disposition: form-data; name=\"chunk\"; filename=\"c\"\r\n\r\n", i, size/chunk, hash)
			body := io.MultiReader(strings.NewReader(head), bytes.NewReader(file[i*chunk:(i+1)*chunk]), strings.NewReader("\r\n--b--\r\n"))
			h.do(http.MethodPost, path+"/upload", http.Header{"Content-Type": {"multipart/form-data; boundary=b"}}, body).want(200)
		}
		h.do(http.MethodDelete, path+"/package", nil, nil).want(204)
	}
}
