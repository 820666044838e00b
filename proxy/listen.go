package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/nexushub/nexushub/proxy/certs"
	"github.com/nexushub/nexushub/proxyctl"
)

// listen serves one listening socket by its name until ctx ends.
func (s *Server) listen(ctx context.Context, l Listener) error {
	switch l.Name {
	case "https":
		return s.accept(ctx, l.Listener, s.serveTLS)
	case "http":
		return s.accept(ctx, l.Listener, s.servePlain)
	case "control":
		return s.serveControl(ctx, l)
	}
	return fmt.Errorf("proxy: listening socket %s is named %q, want https, http or control", l.Addr(), l.Name)
}

// accept passes every connection that is admitted to serve, in a goroutine of its own.
func (s *Server) accept(ctx context.Context, l net.Listener, serve func(*accepted)) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	s.listeners.add(l)
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			if a := s.admit(nc); a != nil {
				go serve(a)
			}
		case errors.Is(err, net.ErrClosed):
			return nil
		case isTimeout(err):
			s.listeners.waitResumed(ctx)
		default: // out of descriptors, or the peer was faster
			s.log.Warn("accept failed", "address", l.Addr().String(), "error", err)
			if errors.Is(err, syscall.EMFILE) {
				s.evictOne()
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

// serveTLS does the handshake and serves the protocol that was negotiated.
func (s *Server) serveTLS(a *accepted) {
	tc := tls.Server(a, s.tls.Load())
	a.sniffs = true
	a.handshakeEnd = time.Now().Add(s.opt.HeaderTimeout)
	a.SetDeadline(a.handshakeEnd)
	err := tc.Handshake()
	a.endHandshake()
	a.sniffs = false
	if err != nil {
		s.metrics.handshakeErrors.Inc()
		if a.spokeHTTP(err) {
			go s.servePlainOnTLS(a)
			return
		}
		a.Close()
		a.release()
		return
	}
	a.SetDeadline(noDeadline)
	state := tc.ConnectionState()
	if state.NegotiatedProtocol == certs.ACMEProtocol {
		a.Close() // the certificate was the answer
		a.release()
		return
	}
	if state.NegotiatedProtocol == "h2" {
		go s.serveH2(a, tc)
		return
	}
	// A goroutine of its own: the stack that the handshake needed is free at once.
	go newConn(a, tc, state.ServerName).serve()
}

// tlsConfig: one record per write (the default starts with small ones), because a
// response then costs one system call.
func (s *Server) tlsConfig(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     protocols,
		GetCertificate: s.certificate,
		CipherSuites: []uint16{ // for 1.2; those of 1.3 are all sound
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		DynamicRecordSizingDisabled: true,
	}
}

// certificate is the callback of crypto/tls. What comes next is the costly part, the
// signature: few handshakes do it at a time.
func (s *Server) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, err := s.certs.GetCertificate(hello)
	if a, ok := hello.Conn.(*accepted); ok && err == nil {
		err = a.beginHandshake()
	}
	return cert, err
}

// debugLog takes net/http's own lines: faults of clients, mostly.
type debugLog struct{ log *slog.Logger }

func (d debugLog) Write(p []byte) (int, error) {
	d.log.Debug("http2", "error", string(p))
	return len(p), nil
}

func (s *Server) serveControl(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s.control(), ReadHeaderTimeout: s.opt.HeaderTimeout, IdleTimeout: s.opt.IdleTimeout,
		ErrorLog: log.New(debugLog{s.log}, "", 0),
	}
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Server) listenerStatus() []proxyctl.ListenerStatus {
	list := make([]proxyctl.ListenerStatus, 0, len(s.opt.Listeners))
	for _, l := range s.opt.Listeners {
		list = append(list, proxyctl.ListenerStatus{Name: l.Name, Address: l.Addr().String()})
	}
	return list
}
