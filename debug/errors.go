package debug

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/release"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/debug/upload"
	"github.com/nexushub/nexushub/internal/disk"
	"github.com/nexushub/nexushub/internal/problem"
)

// meanings gives the errors of the parts below a code of the API.
var meanings = []struct {
	err  error
	code api.Code
}{
	{upload.ErrNotFound, api.NotFound},
	{upload.ErrConflict, api.Conflict},
	{upload.ErrInterrupted, api.Conflict},
	{upload.ErrCompleted, api.Conflict},
	{upload.ErrLength, api.Malformed},
	{upload.ErrQuota, api.NoSpace},
	{upload.ErrHash, api.Invalid},
	{upload.ErrIncomplete, api.Malformed},
	{upload.ErrEmpty, api.Invalid},
	{io.ErrUnexpectedEOF, api.Malformed}, // the body ends within a part
	{release.ErrNotFound, api.NotFound},
	{disk.ErrNoSpace, api.NoSpace},
	{release.ErrTooSlow, api.Timeout},
}

// classify adds the code that err has none of.
func classify(err error) error {
	if api.CodeOf(err) != api.Internal {
		return err
	}
	var large *upload.TooLargeError
	var many *upload.TooManyError
	var invalid *release.InvalidError
	var http *echo.HTTPError
	switch {
	case errors.As(err, &large), errors.As(err, &many):
		return fmt.Errorf("%w: %w", err, api.TooLarge)
	case errors.As(err, &invalid):
		return invalidPackage(invalid)
	case noSpace(err):
		return fmt.Errorf("%w: %w", err, api.NoSpace)
	case errors.As(err, &http):
		return fmt.Errorf("%v: %w", http.Message, api.CodeOfStatus(http.Code))
	}
	for _, m := range meanings {
		if errors.Is(err, m.err) {
			return fmt.Errorf("%w: %w", err, m.code)
		}
	}
	return err
}

func invalidPackage(e *release.InvalidError) error {
	faults := e.Faults
	if e.More > 0 {
		faults = append(faults[:len(faults):len(faults)], problem.Fault{Detail: fmt.Sprintf("and %d more", e.More)})
	}
	return &api.Fault{Code: api.Invalid, Detail: e.Error(), Faults: faults}
}

// problemOf is the answer to an error, by the table in package api.
func problemOf(err error, trace string) problem.Problem {
	var plain *echo.HTTPError
	if errors.As(err, &plain) && api.CodeOfStatus(plain.Code).Status() != plain.Code { // 405, 415
		return problem.Problem{Title: http.StatusText(plain.Code), Status: plain.Code, Detail: fmt.Sprint(plain.Message)}
	}
	return api.ProblemOf(classify(err), trace)
}
