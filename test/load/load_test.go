package load

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestCountsEveryFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch i := n.Add(1); {
		case i == 20:
			cancel()
		case i == 7:
			w.WriteHeader(http.StatusServiceUnavailable)
		case i == 8:
			panic(http.ErrAbortHandler)
		}
	}))
	defer srv.Close()
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r := Run(ctx, Options{URL: srv.URL, Rate: 500, Clients: []*http.Client{fresh}})
	if r.Sent < 20 || len(r.Failures) != 2 || r.OK != r.Sent-2 {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(r.String(), "status 503") {
		t.Error(r)
	}
}
