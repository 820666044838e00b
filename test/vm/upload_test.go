package vm

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
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strconv"
	"testing"

	"github.com/nexushub/nexushub/api"
)

const (
	pieceSize = 512 << 10
	pieces    = 8
)

// uploads are two uploads of the same file, one in numbered chunks and one by
// appending, that the power cut meets half-way.
type uploads struct {
	v        *VM
	client   *http.Client
	token    string
	data     []byte
	chunked  string // ids of the applications
	appended string
}

// beginUploads gets some pieces of both acknowledged, and leaves one on its way.
func (v *VM) beginUploads(t *testing.T) *uploads {
	t.Helper()
	u := &uploads{v: v, client: v.trustingClient(t), data: make([]byte, pieces*pieceSize)}
	_, _ = rand.NewChaCha8([32]byte{1}).Read(u.data) // never fails
	var issued struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal([]byte(v.Must(t, "nexushub", "token", "create", "--json", "vm")), &issued); err != nil {
		t.Fatal(err)
	}
	u.token = issued.Token
	u.chunked, u.appended = u.create(t, "chunked"), u.create(t, "appended")
	for _, i := range []int{5, 0, 2} {
		u.chunk(t, i, 200)
	}
	u.appendFirst(t)
	u.hang(t, 6)
	return u
}

// resume finds after the power cut what was acknowledged, sends the rest and finds
// both files as they were.
func (u *uploads) resume(t *testing.T) {
	t.Helper()
	u.client = u.v.trustingClient(t)
	var st api.UploadStatus
	u.into(t, u.call(t, http.MethodGet, u.chunked+"/upload/status", nil, nil).want(t, 200), &st)
	missing := []api.ChunkRange{{From: 1, To: 1}, {From: 3, To: 4}, {From: 6, To: 7}}
	if st.ReceivedChunks != 3 || !slices.Equal(st.MissingChunks, missing) {
		t.Errorf("after the power cut: %+v", st)
	}
	for _, i := range []int{1, 3, 4, 6, 7} {
		u.chunk(t, i, 200)
	}
	at := u.call(t, http.MethodHead, u.appended+"/package", nil, nil).want(t, 204)
	if got := at.header.Get("Upload-Offset"); got != strconv.Itoa(3*pieceSize) {
		t.Errorf("after the power cut the offset is %s", got)
	}
	u.call(t, http.MethodPatch, u.appended+"/package", http.Header{
		"Content-Type": {"application/partial-upload"}, "Upload-Complete": {"?1"}, "Upload-Offset": {strconv.Itoa(3 * pieceSize)},
	}, bytes.NewReader(u.data[3*pieceSize:])).want(t, 200)
	sum := sha256.Sum256(u.data)
	for _, id := range []string{u.chunked, u.appended} {
		if got := u.v.Must(t, "sha256sum", "/var/lib/nexushub/uploads/"+
			id+"/data")[:64]; got != hex.EncodeToString(sum[:]) {
			t.Errorf("%s is another file", id)
		}
		u.call(t, http.MethodDelete, id, nil, nil).want(t, 204)
	}
}

func (u *uploads) create(t *testing.T, name string) (id string) {
	t.Helper()
	var a api.DebugApplication
	body := bytes.NewReader(fmt.Appendf(nil, `{"appId":%q}`, name))
	u.into(t, u.call(t, http.MethodPost, "", http.Header{"Content-Type": {"application/json"}}, body).want(t, 201), &a)
	return a.ID
}

func (u *uploads) chunk(t *testing.T, i, want int) {
	t.Helper()
	kind, body := u.form(i)
	u.call(t, http.MethodPost, u.chunked+"/upload", http.Header{"Content-Type": {kind}},
		bytes.NewReader(body)).want(t, want)
}

func (u *uploads) form(i int) (kind string, body []byte) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	sum := md5.Sum(u.data)
	for name, value := range map[string]string{"chunkIndex": strconv.Itoa(i), "totalChunks": strconv.Itoa(pieces),
		"fileHash": hex.EncodeToString(sum[:])} {
		_ = w.WriteField(name, value) // to memory
	}
	part, _ := w.CreateFormFile("chunk", "part")
	_, _ = part.Write(u.data[i*pieceSize : (i+1)*pieceSize])
	_ = w.Close()
	return w.FormDataContentType(), buf.Bytes()
}

// appendFirst sends three pieces; the proxy passes on where the upload is and how far.
func (u *uploads) appendFirst(t *testing.T) {
	t.Helper()
	var interim []string
	note := func(code int, h textproto.MIMEHeader) error {
		interim = append(interim, fmt.Sprintf("%d %s%s", code, h.Get("Location"), h.Get("Upload-Offset")))
		return nil
	}
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: note})
	u.do(ctx, t, http.MethodPost, u.appended+"/package",
		http.Header{"Upload-Complete": {"?0"}, "Upload-Draft-Interop-Version": {"8"}},
		bytes.NewReader(u.data[:3*pieceSize])).want(t, 201)
	want := []string{"104 /debug/application/" + u.appended + "/package", "104 " + strconv.Itoa(3*pieceSize)}
	if !slices.Equal(interim, want) {
		t.Errorf("interim responses %q, want %q", interim, want)
	}
}

// hang sends half of a chunk and no more until the power is cut.
func (u *uploads) hang(t *testing.T, i int) {
	t.Helper()
	kind, body := u.form(i)
	r, w := io.Pipe()
	req := u.request(t.Context(), t, http.MethodPost, u.chunked+"/upload", http.Header{"Content-Type": {kind}}, r)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if res, err := u.client.Do(req); err == nil {
			t.Errorf("half a chunk is answered with %s", res.Status)
			_ = res.Body.Close()
		}
	}()
	if _, err := w.Write(body[:len(body)/2]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.CloseWithError(io.ErrUnexpectedEOF) // ends the request, if the cut has not
		<-ended
	})
}

// reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) want(t *testing.T, status int) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("got %d %s, want %d", r.status, r.body, status)
	}
	return r
}

func (u *uploads) into(t *testing.T, r reply, out any) {
	t.Helper()
	if err := json.Unmarshal(r.body, out); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
}

func (u *uploads) request(ctx context.Context, t *testing.T, method, path string, header http.Header,
	body io.Reader) *http.Request {
	t.Helper()
	if path != "" {
		path = "/" + path
	}
	req, err := http.NewRequestWithContext(ctx, method,
		"https://admin.yesterday.localhost:8443/debug/application"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+u.token)
	return req
}

func (u *uploads) call(t *testing.T, method, path string, header http.Header, body io.Reader) reply {
	t.Helper()
	return u.do(t.Context(), t, method, path, header, body)
}

func (u *uploads) do(ctx context.Context, t *testing.T, method, path string, header http.Header, body io.Reader) reply {
	t.Helper()
	res, err := u.client.Do(u.request(ctx, t, method, path, header, body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, data}
}
