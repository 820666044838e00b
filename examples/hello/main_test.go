package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAnswersAndLogs(t *testing.T) {
	var log bytes.Buffer
	h := handler(func(string) string { return "r1" }, &log)
	for path, want := range map[string]string{"/api/status": `"release":"r1"`, "/public/time": "Hello from example.com"} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
		if !strings.Contains(log.String(), "GET "+path) {
			t.Errorf("no line in the log for %s: %q", path, log.String())
		}
	}
}

func TestEndsInOrder(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var log bytes.Buffer
	if err := run(ctx, func(k string) string { return map[string]string{"PORT": "0"}[k] }, &log); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(log.String(), "goodbye\n") {
		t.Errorf("log: %q", log.String())
	}
}

func TestNeedsAPort(t *testing.T) {
	err := run(t.Context(), func(string) string { return "" }, new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "PORT") {
		t.Errorf("got %v", err)
	}
}
