package api

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
)

// Every code survives the way through a problem document to the client.
func TestCodesRoundTrip(t *testing.T) {
	for code := range codes {
		err := fmt.Errorf("thing %q: %w", "x", code)
		p := ProblemOf(err, "trace")
		if p.Status != code.Status() || p.Title == "" {
			t.Errorf("%s: problem %+v", code, p)
		}
		back := FaultOf(p)
		if !errors.Is(back, code) || back.Code.Exit() != code.Exit() {
			t.Errorf("%s came back as %s", code, back.Code)
		}
	}
}

func TestInternalErrorsKeepTheirWords(t *testing.T) {
	p := ProblemOf(errors.New("open /secret/path: boom"), "1234")
	if p.Status != 500 || p.Detail != "the cause is in the journal under trace id 1234" {
		t.Errorf("got %+v", p)
	}
}

func TestDeadlinesHaveCodes(t *testing.T) {
	for err, want := range map[error]Code{
		context.DeadlineExceeded: Timeout, context.Canceled: Canceled, syscall.ENOSPC: NoSpace,
	} {
		if got := Code(ProblemOf(err, "").Type[len(problemType):]); got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
	}
}

func TestForeignStatusesFindACode(t *testing.T) {
	for status, want := range map[int]Code{404: NotFound, 409: Conflict, 401: Unauthenticated, 418: Malformed,
		502: Unavailable, 599: Internal} {
		if got := CodeOfStatus(status); got != want {
			t.Errorf("%d: got %s, want %s", status, got, want)
		}
	}
}
