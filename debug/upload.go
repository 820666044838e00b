package debug

import (
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/debug/upload"
)

// readBuffer is what is asked of the connection at once; multipart alone asks for 4 KiB.
const readBuffer = 256 << 10

// formOverhead is what a form may weigh beside the file in it.
const formOverhead = 1 << 20

// upload receives one chunk. It is acknowledged when it is on disk.
func (s *Server) upload(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	if most := s.o.Uploads.MaxSize(); c.Request().ContentLength > most+formOverhead {
		return &upload.TooLargeError{Limit: most}
	}
	in := newBody(c.Response(), c.Request().Body)
	f, err := openForm(c.Request(), in)
	if err != nil {
		return err
	}
	completed, err := s.receive(a.ID, f, in, ownerOf(callerOf(c.Request())))
	if err != nil {
		return err
	}
	s.active(a.ID, time.Now())
	answer := api.UploadAnswer{Status: "received", Message: "chunk is on disk"}
	if completed {
		answer = api.UploadAnswer{Status: "completed", Message: "all chunks are on disk and the hash is right"}
	}
	return c.JSON(http.StatusOK, answer)
}

func openForm(r *http.Request, in io.Reader) (*form, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, malformed("body must be multipart/form-data with a boundary")
	}
	return newForm(in, params["boundary"]), nil
}

// receive takes the file where it stands in the form: fields may come before and
// after it.
func (s *Server) receive(id ID, f *form, in *body, owner string) (completed bool, err error) {
	part, err := f.next()
	if err != nil {
		return false, err
	}
	if part == nil {
		return false, errNoChunk
	}
	if !f.ready() {
		return s.receiveSpooled(id, f, part, owner)
	}
	h, index, err := f.header(s.o.Uploads.MaxChunks())
	if err != nil {
		return false, err
	}
	if err := s.o.Uploads.Receive(string(id), owned(h, owner), index, interruptible{part, in}); err != nil {
		return false, err
	}
	return s.finish(id, f)
}

// interruptible is the file part, which a newer request for the same chunk can end.
type interruptible struct {
	io.Reader
	in *body
}

func (i interruptible) Interrupt() { i.in.Interrupt() }

func owned(h upload.Header, owner string) upload.Header {
	h.Owner = owner
	return h
}

// finish reads what follows the file; a sha256 may be there.
func (s *Server) finish(id ID, f *form) (bool, error) {
	if err := f.rest(); err != nil {
		return false, err
	}
	h, _, err := f.header(s.o.Uploads.MaxChunks())
	if err != nil {
		return false, err
	}
	return s.o.Uploads.Finish(string(id), h)
}

// receiveSpooled is for clients that send the file before the fields that say which
// chunk it is: it waits in a file without a name.
func (s *Server) receiveSpooled(id ID, f *form, part io.Reader, owner string) (bool, error) {
	spool, err := s.o.Uploads.Spool(part)
	if err != nil {
		return false, err
	}
	defer spool.Close()
	if err := f.rest(); err != nil {
		return false, err
	}
	h, index, err := f.header(s.o.Uploads.MaxChunks())
	if err != nil {
		return false, err
	}
	if err := s.o.Uploads.Receive(string(id), owned(h, owner), index, spool); err != nil {
		return false, err
	}
	return s.o.Uploads.Finish(string(id), h)
}

func (s *Server) uploadStatus(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	st, err := s.o.Uploads.Status(string(a.ID))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, uploadStatusOf(a.ID, st))
}

func uploadStatusOf(id ID, st upload.Status) api.UploadStatus {
	out := api.UploadStatus{
		ApplicationID: string(id), TotalChunks: st.Total, ReceivedChunks: st.Received,
		MissingChunks: []api.ChunkRange{}, Completed: st.Completed,
		FileHash: st.MD5, SHA256: st.SHA256Sum, Error: st.Error,
	}
	for _, run := range st.Missing {
		out.MissingChunks = append(out.MissingChunks, api.ChunkRange{From: run[0], To: run[1]})
	}
	switch {
	case st.Completed:
		out.Progress = 100
	case st.Total > 0:
		out.Progress = 100 * float64(st.Received) / float64(st.Total)
	case st.Length > 0:
		out.Progress = 100 * float64(st.Offset) / float64(st.Length)
	}
	return out
}
