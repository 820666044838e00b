package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// sender sends a request whose path no client library would let pass, and returns the
// status, "" when there was no answer, and the body.
type sender func(ctx context.Context, h *host, config *tls.Config, name, path string) (status, body string, err error)

var senders = map[string]sender{"h1": rawHTTP1, "h2": rawHTTP2}

func (h *host) dialTLS(ctx context.Context, config *tls.Config, name, protocol string) (*tls.Conn, error) {
	raw, err := h.DialContext(ctx, "tcp", name+"."+domain+port)
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.ServerName, config.NextProtos = name+"."+domain, []string{protocol}
	c := tls.Client(raw, config)
	return c, c.SetDeadline(time.Now().Add(time.Minute))
}

func rawHTTP1(ctx context.Context, h *host, config *tls.Config, name, path string) (status, body string, err error) {
	c, err := h.dialTLS(ctx, config, name, "http/1.1")
	if err != nil {
		return "", "", err
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s.%s\r\nConnection: close\r\n\r\n", path, name,
		domain); err != nil {
		return "", "", err
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.Status[:3], string(b), err
}

func rawHTTP2(ctx context.Context, h *host, config *tls.Config, name, path string) (status, body string, err error) {
	c, err := h.dialTLS(ctx, config, name, "h2")
	if err != nil {
		return "", "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return "", "", err
	}
	f := http2.NewFramer(c, c)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var head bytes.Buffer
	e := hpack.NewEncoder(&head)
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", name + "." + domain},
		{":path", path}} {
		e.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}) //nolint:errcheck // into memory
	}
	if err := f.WriteSettings(); err != nil {
		return "", "", err
	}
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndStream: true,
		EndHeaders: true}); err != nil {
		return "", "", err
	}
	return readStream(f)
}

// readStream reads until the only stream ends, in whatever way.
func readStream(f *http2.Framer) (status, body string, err error) {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return status, body, err
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			status = frame.PseudoValue("status")
		case *http2.DataFrame:
			body += string(frame.Data())
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return status, body, nil
		}
		if frame.Header().Flags.Has(http2.FlagDataEndStream) && frame.Header().StreamID == 1 {
			return status, body, nil
		}
	}
}
