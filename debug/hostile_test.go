package debug

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/hostile"
)

// Whatever is wrong with a package is a fault of the package: 422, with a list in words,
// and nothing of it stays.
func TestHostilePackagesAre422(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	for _, bad := range hostile.Archives() {
		t.Run(bad.Name, func(t *testing.T) {
			h.tb = t
			data := bad.Make(t)
			sent := h.do(http.MethodPut, path+"/package", nil, bytes.NewReader(data))
			if len(data) == 0 {
				if p := sent.problem(http.StatusUnprocessableEntity); !strings.Contains(p.Detail, "empty") {
					t.Errorf("got %q", p.Detail)
				}
				return
			}
			sent.want(http.StatusCreated)
			p := h.post(path+"/install", "").problem(http.StatusUnprocessableEntity)
			if len(p.Errors) == 0 {
				t.Errorf("no list of faults: %+v", p)
			}
			for _, want := range bad.Wants {
				if !strings.Contains(p.Detail, want) {
					t.Errorf("got %q, want it to say %q", p.Detail, want)
				}
			}
		})
	}
	h.tb = t
	h.nothingInstalled()
}

// An empty upload is one that cannot be a package, however it comes.
func TestEmptyUploads(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	h.chunk(path, 0, 1, nil, nil).want(http.StatusOK) // an empty file has an MD5, too
	h.post(path+"/install", "").problem(http.StatusUnprocessableEntity)
	for _, method := range []string{http.MethodPut, http.MethodPost} {
		h.do(method, path+"/package", nil, nil).problem(http.StatusUnprocessableEntity)
		h.post(path+"/install", "").problem(http.StatusBadRequest)
	}
	h.do(http.MethodPost, path+"/package", http.Header{"Upload-Complete": {"?0"}}, nil).want(http.StatusCreated)
	h.do(http.MethodPatch, path+"/package", resumable(0, "?1"), nil).problem(http.StatusUnprocessableEntity)
	h.nothingInstalled()
}

// nothingInstalled checks that no release, whole or half, and no file beside the
// folders of the host is there.
func (h *host) nothingInstalled() {
	h.tb.Helper()
	for _, pattern := range []string{"releases/[^.]*", "releases/.unpack-*", "releases/.trash-*", "releases/.meta/*",
		"uploads/.*"} {
		if left, err := filepath.Glob(filepath.Join(h.dir, pattern)); err != nil || len(left) > 0 {
			h.tb.Errorf("left behind: %v, %v", left, err)
		}
	}
	entries, err := os.ReadDir(h.dir)
	h.must(err)
	for _, e := range entries {
		if name := e.Name(); name != "uploads" && name != "releases" && name != "state" && name != "apps" {
			h.tb.Errorf("escaped: %s", name)
		}
	}
}
