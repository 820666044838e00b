package proxy

//lint:file-ignore SA1019 http.Server, which is to be used instead, closes idle connections before their GOAWAY has arrived, see below

import (
	"context"
	"crypto/tls"
	"log"
	"net/http"

	"golang.org/x/net/http2"
)

// http2Server serves the connections that agreed on HTTP/2. It bounds streams, resets
// and pings (rapid reset, CVE-2023-44487). It is not net/http's own server, because
// that one's Shutdown closes connections without a stream at once, whether the GOAWAY
// has reached the client or not: a request on its way would be lost.
type http2Server struct {
	base *http.Server // limits, and the hook behind goAway
	http2.Server
}

func newHTTP2Server(opt Options, h http.Handler) (*http2Server, error) {
	s := &http2Server{base: &http.Server{
		Handler:           h,
		ReadHeaderTimeout: opt.HeaderTimeout,
		IdleTimeout:       opt.IdleTimeout,
		MaxHeaderBytes:    opt.Limits.MaxBytes,
		ErrorLog:          log.New(debugLog{opt.Log}, "", 0),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 128,
			SendPingTimeout:      opt.IdleTimeout / 4,
			PingTimeout:          opt.HeaderTimeout,
			WriteByteTimeout:     opt.StallTimeout,
		},
	}}
	// What HTTP/2 begins with, and clients send: a frame is read whole before it is looked at.
	s.MaxReadFrameSize = 16 << 10
	return s, http2.ConfigureServer(s.base, &s.Server)
}

// serve returns when the connection is closed.
func (s *http2Server) serve(c *tls.Conn) {
	s.ServeConn(c, &http2.ServeConnOpts{BaseConfig: s.base, Handler: s.base.Handler})
}

// goAway tells the clients of all connections to come back by another one. Requests
// that they have sent by then are answered; a second later idle connections close.
func (s *http2Server) goAway(ctx context.Context) error {
	return s.base.Shutdown(ctx) // has neither listeners nor connections of its own: it only calls ConfigureServer's hook
}
