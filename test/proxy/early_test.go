package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/need"
)

// uploads are so many of each client, to each target, and one that is bigger.
const (
	uploads   = 20
	uploadMiB = 2
	bigMiB    = 30
)

// uploader uploads so many MiB so many times and returns each status, or what went wrong.
type uploader func(ctx context.Context, path string, mib, times int) []string

// earlyAnswers: an answer that comes before the end of an upload reaches every client, those
// that send first and read later included. The first request is refused by the proxy, the second by
// an application that lives on, the third by one that closes its connection at once.
func earlyAnswers(t *testing.T, h *host) {
	if err := need.Commands(t.Context(), "curl=curl", "nghttp=nghttp2-client", "python3=python3"); err != nil {
		t.Fatal(err)
	}
	for name, upload := range map[string]uploader{
		"Go, HTTP/1.1": uploadWith(h.h1), "Go, HTTP/2": uploadWith(h.h2), "Python": h.python,
		"curl, HTTP/1.1": h.curl(t, "--http1.1"), "curl, HTTP/2": h.curl(t, "--http2"), "nghttp": h.nghttp(t),
	} {
		for path, want := range map[string]string{
			"/api/early": "401", "/public/early": "413", "/public/early?close": "413",
		} {
			got := append(upload(t.Context(), path, uploadMiB, uploads), upload(t.Context(), path, bigMiB, 1)...)
			if len(got) != uploads+1 || strings.Join(got, "") != strings.Repeat(want, uploads+1) {
				t.Errorf("%s, %s: %q, want %s each time", name, path, got, want)
			}
		}
	}
}

func uploadWith(c *http.Client) uploader {
	return func(ctx context.Context, path string, mib, times int) (statuses []string) {
		for range times {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://web."+domain+port+path,
				io.LimitReader(zeros{}, int64(mib)<<20)) // of a length that is not known
			if err == nil {
				var got answer
				if got, err = send(c, r); err == nil {
					statuses = append(statuses, fmt.Sprint(got.StatusCode))
				}
			}
			if err != nil {
				statuses = append(statuses, err.Error())
			}
		}
		return statuses
	}
}

func (h *host) python(ctx context.Context, path string, mib, times int) []string {
	out, err := h.inNetwork(ctx, "python3", "testdata/early.py", "web."+domain, strings.TrimPrefix(port, ":"), path,
		fmt.Sprint(mib<<20), fmt.Sprint(times)).CombinedOutput()
	if err != nil {
		return []string{err.Error(), string(out)}
	}
	return strings.Fields(string(out))
}

// repeat runs a program with a file of so many MiB; status finds the status in what it prints.
func (h *host) repeat(t *testing.T, status func(out string) string, command func(path, file string) []string) uploader {
	folder := t.TempDir()
	return func(ctx context.Context, path string, mib, times int) (statuses []string) {
		file := filepath.Join(folder, fmt.Sprint(mib))
		if err := os.WriteFile(file, make([]byte, mib<<20), 0o600); err != nil {
			return []string{err.Error()}
		}
		for range times {
			out, err := h.inNetwork(ctx, command(path, file)...).CombinedOutput()
			got := status(string(out))
			if err != nil {
				got = errors.Join(err, errors.New(string(out))).Error()
			}
			statuses = append(statuses, got)
		}
		return statuses
	}
}

func (h *host) curl(t *testing.T, protocol string) uploader {
	return h.repeat(t, strings.TrimSpace, func(path, file string) []string {
		return []string{"curl", "-sSk", protocol, "-o", os.DevNull, "-w", "%{http_code}", "-H", "Expect:",
			"--data-binary", "@" + file, "--resolve", "web." + domain + port + ":127.0.0.1", "https://web." + domain + port + path}
	})
}

func (h *host) nghttp(t *testing.T) uploader {
	status := func(out string) string {
		_, after, _ := strings.Cut(out, ":status: ")
		return after[:min(3, len(after))]
	}
	return h.repeat(t, status, func(path, file string) []string {
		return []string{"nghttp", "-nv", "--no-verify-peer", "-H", ":authority: web." + domain + port, "-d", file,
			"https://127.0.0.1" + port + path}
	})
}
