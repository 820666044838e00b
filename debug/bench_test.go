package debug

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// BenchmarkUpload sends 64 MiB in chunks of 2 MiB; client and server share the cores.
func BenchmarkUpload(b *testing.B) {
	for _, atOnce := range []int{1, 4} {
		b.Run(fmt.Sprint(atOnce, "AtOnce"), func(b *testing.B) { benchmarkUpload(b, atOnce) })
	}
}

func benchmarkUpload(b *testing.B, atOnce int) {
	const size, chunk = 64 << 20, 2 << 20
	h := newHost(b)
	h.limits.MaxSize = size
	h.start()
	ctx, stop := context.WithCancel(b.Context())
	var hashing sync.WaitGroup
	hashing.Go(func() { _ = h.server.o.Uploads.Run(ctx) })
	defer hashing.Wait()
	defer stop()
	path, _ := h.create(`{"appId":"bench"}`)
	file := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(file) // never fails
	hash := md5hex(file)
	send := func(i int) {
		head := fmt.Sprintf("--b\r\nContent-Disposition: form-data; name=\"chunkIndex\"\r\n\r\n%d\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"totalChunks\"\r\n\r\n%d\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"fileHash\"\r\n\r\n%s\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"chunk\"; filename=\"c\"\r\n\r\n", i, size/chunk, hash)
		body := io.MultiReader(strings.NewReader(head), bytes.NewReader(file[i*chunk:(i+1)*chunk]),
			strings.NewReader("\r\n--b--\r\n"))
		h.do(http.MethodPost, path+"/upload", http.Header{"Content-Type": {"multipart/form-data; boundary=b"}}, body).want(200)
	}
	b.SetBytes(size)
	for b.Loop() {
		next := make(chan int)
		var senders sync.WaitGroup
		for range atOnce {
			senders.Go(func() {
				for i := range next {
					send(i)
				}
			})
		}
		for i := range size / chunk {
			next <- i
		}
		close(next)
		senders.Wait()
		h.do(http.MethodDelete, path+"/package", nil, nil).want(204)
	}
}
