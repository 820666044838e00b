package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

// mostMemory is what streaming may take, in MiB.
const mostMemory = 64

// stream sends opt.big GiB through our proxy, up and down, over HTTP/1.1 and HTTP/2,
// and looks at the most memory that it ever had (VmHWM).
func (b *bench) stream(ctx context.Context, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: http.HandlerFunc(endless)}
	go srv.Serve(l) // ends by Close
	defer srv.Close()
	b.ours.targets = []proxyctl.Target{{ID: "endless", Network: "tcp", Address: l.Addr().String()}}
	if err := b.ours.serve(ctx, 1, 1); err != nil {
		return err
	}
	size := b.opt.big << 30
	for _, h2 := range []bool{false, true} {
		for _, dir := range []func(context.Context, *http.Client, string, int64) error{download, upload} {
			began := time.Now()
			if err := dir(ctx, b.client(h2), fmt.Sprintf("https://%s:%d/public/", host, b.ours.port),
				size); err != nil {
				return err
			}
			most := b.ours.memory("VmHWM")
			fmt.Fprintf(out, "HTTP/2 %t: %d GiB in %s, at most %.1f MiB\n", h2, b.opt.big,
				time.Since(began).Round(time.Millisecond), most)
			if most > mostMemory {
				return fmt.Errorf("%.1f MiB is more than %d MiB", most, mostMemory)
			}
		}
	}
	return nil
}

func (b *bench) client(h2 bool) *http.Client {
	t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.cert.pool}, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP1(!h2)
	t.Protocols.SetHTTP2(h2)
	return &http.Client{Transport: t}
}

// endless answers as many bytes as it is asked for, or how many it was sent.
func endless(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, n, err)
		return
	}
	size, err := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	io.CopyN(w, zeros{}, size) // the client sees what is missing
}

// zeros is a body of any length.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func download(ctx context.Context, c *http.Client, url string, size int64) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%sdown?size=%d", url, size), nil)
	if err != nil {
		return err
	}
	resp, err := c.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && n != size {
		err = fmt.Errorf("%s, %d of %d bytes", resp.Status, n, size)
	}
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	return nil
}

func upload(ctx context.Context, c *http.Client, url string, size int64) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, url+"up", io.LimitReader(zeros{}, size))
	if err != nil {
		return err
	}
	resp, err := c.Do(r)
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if want := fmt.Sprintf("%d <nil>\n", size); err == nil && string(answer) != want {
		err = fmt.Errorf("%s, %q instead of %q", resp.Status, answer, want)
	}
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	return nil
}
