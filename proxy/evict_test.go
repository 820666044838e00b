package proxy

import (
	"bufio"
	"io"
	"net/http"
	"testing"
)

// TestEvictedConnectionEndsWithItsResponse, which is whole and says so.
func TestEvictedConnectionEndsWithItsResponse(t *testing.T) {
	f := start(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		io.WriteString(w, "whole")
	}))))
	client := f.dial(appHost)
	io.WriteString(client, "GET /x HTTP/1.1\r\nHost: "+appHost+"\r\n\r\n")
	<-arrived
	for _, c := range f.server.deadlines.all() {
		if c, ok := c.(*conn); ok {
			c.evict(evictGracefully)
		}
	}
	close(release)
	in := bufio.NewReader(client)
	r, err := http.ReadResponse(in, nil)
	if err != nil || r.StatusCode != 200 || !r.Close || body(t, r) != "whole" {
		t.Fatalf("got %+v, %v; want the whole response, the last of its connection", r, err)
	}
	if _, err := in.ReadByte(); err != io.EOF {
		t.Errorf("after the response: %v", err)
	}
}
