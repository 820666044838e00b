package proxy

import (
	"crypto/tls"
	"io"
	"net/http"
	"testing"
)

// BenchmarkRequests measures requests over kept connections, client and target included:
// what a change costs each request shows in the ratio of two runs.
func BenchmarkRequests(b *testing.B) {
	for name, http2 := range map[string]bool{"h1": false, "h2": true} {
		b.Run(name, func(b *testing.B) {
			f := start(b, func(o *Options) { o.AccessLog = false })
			f.apply(table(appRoute(b, http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					io.WriteString(w, "ok")
				}))))
			c := f.http(http2)
			c.Transport.(*http.Transport).MaxIdleConnsPerHost = 100
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r, err := c.Get("https://" + appHost + "/public/x")
					if err != nil {
						b.Fatal(err)
					}
					io.Copy(io.Discard, r.Body) //nolint:errcheck // measured elsewhere
					r.Body.Close()
				}
			})
		})
	}
}

// BenchmarkConnections measures a connection with one request.
func BenchmarkConnections(b *testing.B) {
	f := start(b, func(o *Options) { o.AccessLog = false })
	f.apply(table(appRoute(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
	for b.Loop() {
		c, err := tls.Dial("tcp", f.addr, &tls.Config{RootCAs: f.roots, ServerName: appHost})
		if err != nil {
			b.Fatal(err)
		}
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+appHost+"\r\nConnection: close\r\n\r\n") //nolint:errcheck // the read will know
		io.Copy(io.Discard, c)                                                                //nolint:errcheck // measured elsewhere
		c.Close()
	}
}
