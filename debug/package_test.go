package debug

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
)

func resumable(offset int, complete string) http.Header {
	h := http.Header{"Content-Type": {partialUpload}, "Upload-Complete": {complete}}
	if offset >= 0 {
		h.Set("Upload-Offset", strconv.Itoa(offset))
	}
	return h
}

func TestPackageResumes(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	path += "/package"
	file := packageOf(t, strings.Repeat("long ", 50))
	o := h.do(http.MethodOptions, path, nil, nil).want(204)
	if o.header.Get("Upload-Limit") != "max-size=8388608, max-age=86400" || o.header.Get("Accept-Patch") != partialUpload {
		t.Errorf("got %v", o.header)
	}
	h.do(http.MethodHead, path, nil, nil).want(404)
	sum := sha256.Sum256(file)
	created := h.do(http.MethodPost, path, http.Header{
		"Upload-Complete": {"?0"}, "Upload-Length": {strconv.Itoa(len(file))},
		"Repr-Digest": {"md5=:AA==:, sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"},
	}, bytes.NewReader(file[:10])).want(201)
	if created.header.Get("Location") != path || created.header.Get("Upload-Offset") != "10" ||
		created.header.Get("Upload-Complete") != "?0" {
		t.Errorf("got %v", created.header)
	}
	at := h.do(http.MethodHead, path, nil, nil).want(204)
	if at.header.Get("Upload-Offset") != "10" || at.header.Get("Upload-Complete") != "?0" ||
		at.header.Get("Upload-Length") != strconv.Itoa(len(file)) || at.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %v", at.header)
	}
	h.start()
	wrong := h.do(http.MethodPatch, path, resumable(5, "?0"), bytes.NewReader(file[5:9]))
	if p := wrong.problem(409); p.Type != problemTypes+"mismatching-upload-offset" || wrong.header.Get("Upload-Offset") != "10" ||
		!bytes.Contains(wrong.body, []byte(`"expected-offset":10,"provided-offset":5`)) {
		t.Errorf("got %s %v", wrong.body, wrong.header)
	}
	next := h.do(http.MethodPatch, path, resumable(10, "?0"), bytes.NewReader(file[10:20])).want(204)
	if next.header.Get("Upload-Offset") != "20" || next.header.Get("Upload-Complete") != "?0" {
		t.Errorf("got %v", next.header)
	}
	done := h.do(http.MethodPatch, path, resumable(20, "?1"), bytes.NewReader(file[20:])).want(200)
	var st api.UploadStatus
	done.into(&st)
	if done.header.Get("Upload-Complete") != "?1" || !st.Completed || st.FileHash != "" {
		t.Errorf("got %+v %v", st, done.header)
	}
	again := h.do(http.MethodPatch, path, resumable(len(file), "?1"), nil)
	if p := again.problem(400); p.Type != problemTypes+"completed-upload" || again.header.Get("Upload-Complete") != "?1" {
		t.Errorf("got %+v", p)
	}
	if out := h.install(strings.TrimSuffix(path, "/package")); out.Status != "running" {
		t.Errorf("got %+v", out)
	}
	h.do(http.MethodDelete, path, nil, nil).want(204)
	h.do(http.MethodHead, path, nil, nil).want(404)
}

// A client that names this version of the draft hears where to go on, and how much is
// safe, before the answer; others hear nothing of it.
func TestPackageInterimResponses(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	path += "/package"
	file := packageOf(t, "")
	for _, c := range []struct {
		version string
		want    []string
	}{
		{"8", []string{"Location " + path, "Upload-Limit max-size=8388608, max-age=86400", "Upload-Offset 10"}},
		{"6", nil},
		{"", nil},
	} {
		var got []string
		note := func(code int, header textproto.MIMEHeader) error {
			if code != 104 || header.Get("Upload-Draft-Interop-Version") != c.version {
				t.Errorf("got %d %v", code, header)
			}
			for _, name := range []string{"Location", "Upload-Limit", "Upload-Offset"} {
				if value := header.Get(name); value != "" {
					got = append(got, name+" "+value)
				}
			}
			return nil
		}
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: note})
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.http.URL+path, bytes.NewReader(file[:10]))
		h.must(err)
		req.Header.Set("Upload-Complete", "?0")
		req.Header.Set("Upload-Draft-Interop-Version", c.version)
		res, err := h.http.Client().Do(req)
		h.must(err)
		h.must(res.Body.Close())
		if !slices.Equal(got, c.want) {
			t.Errorf("version %q: got %q, want %q", c.version, got, c.want)
		}
		if res.StatusCode != 201 || res.Header.Get("Location") != path || res.Header.Get("Upload-Offset") != "10" {
			t.Errorf("version %q: got %d %v", c.version, res.StatusCode, res.Header)
		}
	}
}

func TestPackagePlainUpload(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		h.do(method, path+"/package", nil, bytes.NewReader(packageOf(t, method))).want(201)
		if out := h.install(path); out.Status != "running" {
			t.Errorf("%s: got %+v", method, out)
		}
	}
}

func TestPackageRefusals(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	path += "/package"
	body := func() *bytes.Reader { return bytes.NewReader([]byte("12345")) }
	h.do(http.MethodPatch, path, resumable(0, "?1"), body()).problem(404)
	inconsistent := problemTypes + "inconsistent-upload-length"
	for _, header := range []http.Header{
		{"Upload-Complete": {"?1"}, "Upload-Length": {"6"}},
		{"Upload-Complete": {"?0"}, "Upload-Length": {"4"}},
	} {
		if p := h.do(http.MethodPost, path, header, body()).problem(400); p.Type != inconsistent {
			t.Errorf("%v: got %+v", header, p)
		}
	}
	h.do(http.MethodPost, path, http.Header{"Upload-Complete": {"yes"}}, body()).problem(400)
	h.do(http.MethodPost, path, http.Header{"Repr-Digest": {"sha-256=:x:"}}, body()).problem(400)
	h.do(http.MethodPost, path, http.Header{"Upload-Complete": {"?0"}, "Upload-Length": {"9000000"}}, body()).problem(413)
	zero := base64.StdEncoding.EncodeToString(make([]byte, 32))
	h.do(http.MethodPost, path, http.Header{"Repr-Digest": {"sha-256=:" + zero + ":"}}, body()).problem(422)
	h.do(http.MethodPost, path, http.Header{"Upload-Complete": {"?0"}, "Upload-Length": {"20"}}, body()).want(201)
	h.do(http.MethodPatch, path, http.Header{"Upload-Complete": {"?1"}, "Upload-Offset": {"5"}}, body()).problem(415)
	h.do(http.MethodPatch, path, resumable(-1, "?1"), body()).problem(400)
	if p := h.do(http.MethodPatch, path, resumable(5, "?1"), body()).problem(400); p.Type != inconsistent {
		t.Errorf("got %+v", p)
	}
	h.chunk(strings.TrimSuffix(path, "/package"), 0, 1, nil, nil).problem(409)
}
