package proxy_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// gib is NEXUSHUB_STREAM_GIB (10 in make soak).
var gib = int64(number("NEXUSHUB_STREAM_GIB", 1))

// mostMemory of the proxy while bodies of any size stream through it, in KiB.
const mostMemory = 64 << 10

// TestBigBodies: uploads and downloads take no memory.
func TestBigBodies(t *testing.T) {
	onSuites(t, web, func(t *testing.T, h *host) {
		size := gib << 30
		for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
			c.Timeout = 5 * time.Minute * time.Duration(gib) // for the whole body
			if n, err := download(c, size); n != size || err != nil {
				t.Errorf("%s: %d of %d bytes came down, %v", protocol, n, size, err)
			}
			if got, err := upload(c, size); got != fmt.Sprintf("%d <nil>\n", size) || err != nil {
				t.Errorf("%s: of %d bytes arrived %q, %v", protocol, size, got, err)
			}
			if peak := h.peak(t, "nexushub-proxy"); peak > mostMemory {
				t.Errorf("%s: the proxy took %d KiB", protocol, peak)
			} else {
				t.Logf("%s: %d GiB up and down, the proxy took at most %d KiB", protocol, gib, peak)
			}
		}
	})
}

const bigURL = "https://web." + domain + port + "/public/"

func download(c *http.Client, size int64) (int64, error) {
	resp, err := c.Get(bigURL + "down?size=" + strconv.FormatInt(size, 10))
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, resp.Body)
	return n, errors.Join(err, resp.Body.Close())
}

func upload(c *http.Client, size int64) (string, error) {
	r, err := http.NewRequest(http.MethodPut, bigURL+"up", io.LimitReader(zeros{}, size))
	if err != nil {
		return "", err
	}
	a, err := send(c, r)
	return a.body, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// peak is the most memory that a unit's main process ever had, in KiB.
func (h *host) peak(t *testing.T, unit string) int {
	t.Helper()
	pid := h.Must(t, "systemctl", "show", "-P", "MainPID", unit)
	out := h.Must(t, "grep", "VmHWM", "/proc/"+pid+"/status")
	n, err := strconv.Atoi(strings.Fields(out)[1])
	if err != nil {
		t.Fatal(out, err)
	}
	return n
}
