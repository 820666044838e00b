package debug

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/debug/upload"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/problem"
)

// problemTypes of the draft, section 7.
const problemTypes = "https://iana.org/assignments/http-problem-types#"

// packageProblem is a problem document with the members that the draft adds.
type packageProblem struct {
	problem.Problem
	Expected *int64 `json:"expected-offset,omitempty"`
	Provided *int64 `json:"provided-offset,omitempty"`
}

// packageError answers the errors that the draft has a problem type for; the rest is
// answered like everywhere else.
func (s *Server) packageError(c echo.Context, err error, st upload.Status, provided int64) error {
	h := c.Response().Header()
	h.Set(fieldComplete, booleanText(st.Completed))
	p := packageProblem{Problem: problem.Problem{
		Status: http.StatusBadRequest, Detail: err.Error(), Instance: "urn:uuid:" + apiserver.TraceOf(c),
	}}
	var offset *upload.OffsetError
	switch {
	case errors.As(err, &offset):
		p.Status, p.Type = http.StatusConflict, problemTypes+"mismatching-upload-offset"
		p.Title = "offset from request does not match offset of resource"
		p.Expected, p.Provided = &offset.Expected, &provided
		h.Set(fieldOffset, strconv.FormatInt(offset.Expected, 10))
	case errors.Is(err, upload.ErrCompleted):
		p.Type, p.Title = problemTypes+"completed-upload", "upload is already completed"
	case errors.Is(err, upload.ErrLength):
		p.Type, p.Title = problemTypes+"inconsistent-upload-length", "inconsistent length values for upload"
	default:
		return err
	}
	h.Set("Content-Type", problem.ContentType)
	h.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(p.Status)
	return json.NewEncoder(c.Response()).Encode(p)
}
