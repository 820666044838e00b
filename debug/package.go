package debug

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/debug/upload"
)

// packageRoutes speak draft-ietf-httpbis-resumable-upload-12 for the same uploads. The
// target is the upload resource too, so its address is known before the first byte, and
// a client that never sees an interim response can resume as well. A POST or PUT
// without Upload-Complete is a plain upload of the whole.
func (s *Server) packageRoutes(g *echo.Group) {
	g.OPTIONS("/:id/package", s.packageOptions)
	g.POST("/:id/package", s.packageCreate)
	g.PUT("/:id/package", s.packageCreate)
	g.PATCH("/:id/package", s.packageAppend)
	g.HEAD("/:id/package", s.packageOffset)
	g.DELETE("/:id/package", s.packageCancel)
}

func (s *Server) limits(h http.Header) {
	age := int(s.o.Uploads.MaxAge().Seconds())
	h.Set(fieldLimit, fmt.Sprintf("max-size=%d, max-age=%d", s.o.Uploads.MaxSize(), age))
	h.Set("Cache-Control", "no-store")
}

// packageLimits lets a client find out before an upload what would be refused after it.
func (s *Server) packageLimits(c echo.Context) error {
	return c.JSON(http.StatusOK, s.o.Package)
}

func (s *Server) packageOptions(c echo.Context) error {
	if _, err := s.find(c); err != nil {
		return err
	}
	h := c.Response().Header()
	s.limits(h)
	h.Set("Accept-Patch", partialUpload)
	h.Set("Allow", "OPTIONS, HEAD, POST, PUT, PATCH, DELETE")
	return c.NoContent(http.StatusNoContent)
}

// packageCreate replaces any upload that was there.
func (s *Server) packageCreate(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	last, length, err := creation(c.Request())
	if err != nil {
		return s.packageError(c, err, upload.Status{}, 0)
	}
	sum, err := digestField(c.Request().Header)
	if err != nil {
		return err
	}
	header := upload.Header{Length: length, SHA256: sum, Owner: ownerOf(callerOf(c.Request()))}
	if err := s.o.Uploads.Create(string(a.ID), header); err != nil {
		return err
	}
	c.Response().Header().Set("Location", c.Request().URL.Path)
	s.limits(c.Response().Header())
	interim(c, maps.Clone(c.Response().Header()))
	return s.take(c, a.ID, 0, -1, last, http.StatusCreated)
}

// creation reads what the first request says about the whole.
func creation(r *http.Request) (last bool, length int64, err error) {
	last, present, err := booleanField(r.Header, fieldComplete)
	if err != nil {
		return false, 0, err
	}
	last = last || !present
	if length, err = integerField(r.Header, fieldLength); err != nil {
		return false, 0, err
	}
	return last, length, consistent(r, last, 0, &length)
}

// consistent compares Upload-Length with what follows from Content-Length and fills it
// in where that is the only word.
func consistent(r *http.Request, last bool, offset int64, length *int64) error {
	end := offset + r.ContentLength
	switch {
	case r.ContentLength < 0:
	case last && *length < 0:
		*length = end
	case last && *length != end, *length >= 0 && end > *length:
		return fmt.Errorf("%w: Upload-Length %d, but the content ends at %d", upload.ErrLength, *length, end)
	}
	return nil
}

func (s *Server) packageAppend(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	if c.Request().Header.Get("Content-Type") != partialUpload {
		c.Response().Header().Set("Accept-Patch", partialUpload)
		return echo.NewHTTPError(http.StatusUnsupportedMediaType, "Content-Type must be "+partialUpload)
	}
	last, present, err := booleanField(c.Request().Header, fieldComplete)
	offset, e := integerField(c.Request().Header, fieldOffset)
	length, e2 := integerField(c.Request().Header, fieldLength)
	if err := errors.Join(err, e, e2); err != nil {
		return err
	}
	if !present || offset < 0 {
		return malformed("%s and %s are required", fieldOffset, fieldComplete)
	}
	s.o.Uploads.Pause(string(a.ID))
	st, err := s.o.Uploads.Status(string(a.ID))
	if err != nil {
		return err
	}
	if offset == st.Offset {
		err = consistent(c.Request(), last, offset, &length)
	}
	if err != nil {
		return s.packageError(c, err, st, offset)
	}
	return s.take(c, a.ID, offset, length, last, http.StatusNoContent)
}

// take appends the body and answers with status, or with what was uploaded when this
// was the last of it.
func (s *Server) take(c echo.Context, id ID, offset, length int64, last bool, status int) error {
	progress := func(durable int64) {
		interim(c, http.Header{fieldOffset: {strconv.FormatInt(durable, 10)}})
	}
	in := watchedBody{newBody(c.Response(), c.Request().Body), progress}
	st, err := s.o.Uploads.Append(string(id), offset, length, last, in)
	s.active(id, time.Now())
	if err != nil {
		return s.packageError(c, err, st, offset)
	}
	s.describeUpload(c.Response().Header(), st)
	if !st.Completed {
		return c.NoContent(status)
	}
	if status == http.StatusNoContent {
		status = http.StatusOK
	}
	return c.JSON(status, uploadStatusOf(id, st))
}

// watchedBody tells how much of it is on disk.
type watchedBody struct {
	*body
	durable func(offset int64)
}

func (w watchedBody) Durable(offset int64) { w.durable(offset) }

func (s *Server) describeUpload(h http.Header, st upload.Status) {
	s.limits(h)
	h.Set(fieldOffset, strconv.FormatInt(st.Offset, 10))
	h.Set(fieldComplete, booleanText(st.Completed))
	if st.Length >= 0 {
		h.Set(fieldLength, strconv.FormatInt(st.Length, 10))
	}
}

// packageOffset ends an append that has lost its client: only then does the offset
// stand still.
func (s *Server) packageOffset(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	s.o.Uploads.Pause(string(a.ID))
	st, err := s.o.Uploads.Status(string(a.ID))
	if err != nil {
		return err
	}
	if st.Error != "" {
		return fmt.Errorf("%w: %s", upload.ErrNotFound, st.Error)
	}
	if !st.Appending && !st.Completed {
		return fmt.Errorf("%w: it is sent in numbered chunks", upload.ErrConflict)
	}
	s.describeUpload(c.Response().Header(), st)
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) packageCancel(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	if _, err := s.o.Uploads.Status(string(a.ID)); err != nil {
		return err
	}
	if err := s.o.Uploads.Discard(string(a.ID)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
