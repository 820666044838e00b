package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// webSocket is a client that sees frames as they are (RFC 6455), close codes included.
type webSocket struct {
	net.Conn
	in *bufio.Reader
}

const (
	opText  = 1
	opClose = 8
)

func (h *host) openWebSocket(ctx context.Context, config *tls.Config, name string) (*webSocket, error) {
	return h.openWebSocketAt(ctx, config, name, "/public/ws")
}

func (h *host) openWebSocketAt(ctx context.Context, config *tls.Config, name, path string) (*webSocket, error) {
	raw, err := h.DialContext(ctx, "tcp", name+"."+domain+port)
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.ServerName = name + "." + domain
	c := tls.Client(raw, config)
	c.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintf(c, "GET %[2]s HTTP/1.1\r\nHost: %[1]s\r\nOrigin: https://%[1]s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", config.ServerName+port, path)
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	if err == nil && (resp.StatusCode != http.StatusSwitchingProtocols ||
		resp.Header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
		err = fmt.Errorf("%s %v", resp.Status, resp.Header)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &webSocket{c, in}, nil
}

// echo sends a text of less than 126 bytes and expects it back.
func (w *webSocket) echo(text string) error {
	mask := []byte{0, 0, 0, 0} // allowed, and leaves the text as it is
	frame := append([]byte{0x80 | opText, 0x80 | byte(len(text))}, mask...)
	if _, err := w.Write(append(frame, text...)); err != nil {
		return err
	}
	op, got, err := w.receive()
	if err == nil && (op != opText || string(got) != text) {
		err = fmt.Errorf("frame %d %q", op, got)
	}
	return err
}

func (w *webSocket) receive() (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(w.in, head[:]); err != nil {
		return 0, nil, err
	}
	payload = make([]byte, head[1]&0x7f)
	_, err = io.ReadFull(w.in, payload)
	return head[0] & 0x0f, payload, err
}

// closeCode waits for the close frame.
func (w *webSocket) closeCode() (uint16, error) {
	op, payload, err := w.receive()
	if err == nil && (op != opClose || len(payload) < 2) {
		err = fmt.Errorf("frame %d %q instead of a close frame", op, payload)
	}
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint16(payload), nil
}
