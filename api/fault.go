package api

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"github.com/nexushub/nexushub/internal/problem"
)

// problemType prefixes the code in a problem document's type. It is a name, not a
// page: stable, and the same for every installation.
const problemType = "urn:nexushub:problem:"

// Fault is an error with one line for each thing that is wrong, for inputs that can
// be wrong in several places at once.
type Fault struct {
	Code   Code
	Detail string
	Faults []problem.Fault
}

// Error is the detail alone; the list is for those who print lists.
func (f *Fault) Error() string { return f.Detail }

// Unwrap makes errors.Is(err, api.Invalid) and CodeOf work.
func (f *Fault) Unwrap() error { return f.Code }

// ProblemOf turns any error into the document a server answers. What is internal
// keeps its words to the journal; trace ties both together.
func ProblemOf(err error, trace string) problem.Problem {
	code := codeOf(err)
	p := problem.Problem{Type: problemType + string(code), Status: code.Status(), Title: code.Error(),
		Detail: WithoutCode(err)}
	if trace != "" {
		p.Instance = "urn:uuid:" + trace
	}
	if code == Internal {
		p.Detail = "the cause is in the journal under trace id " + trace
	}
	var f *Fault
	if errors.As(err, &f) {
		p.Errors = f.Faults
	}
	return p
}

// codeOf also knows the errors of the standard library that mean a deadline or a full disk.
func codeOf(err error) Code {
	code := CodeOf(err)
	switch {
	case code != Internal:
		return code
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return NoSpace
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.Is(err, context.Canceled):
		return Canceled
	}
	return code
}

// FaultOf is the way back: a problem document as an error with its code.
func FaultOf(p problem.Problem) *Fault {
	code := Code(strings.TrimPrefix(p.Type, problemType))
	if _, ok := codes[code]; !ok {
		code = CodeOfStatus(p.Status)
	}
	detail := p.Detail
	if detail == "" {
		detail = p.Title
	}
	if code == Internal && p.Instance != "" && !strings.Contains(detail, "trace id") {
		detail += " (trace id " + strings.TrimPrefix(p.Instance, "urn:uuid:") + ")"
	}
	return &Fault{Code: code, Detail: detail, Faults: p.Errors}
}

// WithoutCode is an error's text without "failed" at its end, which says nothing that the rest
// does not. Behind a name, other codes are the sentence: "application x: not found".
func WithoutCode(err error) string { return strings.TrimSuffix(err.Error(), ": "+Failed.Error()) }
