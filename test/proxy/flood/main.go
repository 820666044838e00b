// Command flood holds as many connections to the proxy of its machine as it is told to,
// from one address, and opens those again that it loses, until it is killed.
package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	proxy   = "127.0.0.1:8443"
	streams = 128
	pause   = time.Second
)

func main() {
	fmt.Fprintln(os.Stderr, "flood:", run(os.Args[1:]))
	os.Exit(1)
}

// run returns only when it cannot start. Its arguments: what to do, from which address, how many connections, and for
// which host.
func run(args []string) error {
	if len(args) != 4 {
		return errors.New("want WHAT ADDRESS NUMBER HOST")
	}
	number, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	hold := map[string]func(net.Conn, string) error{"tcp": readOn, "tls": silentTLS, "settings": settings,
		"held": held}[args[0]]
	if hold == nil {
		return fmt.Errorf("%q is none of tcp, tls, settings, held", args[0])
	}
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(args[1])}, Timeout: 10 * time.Second}
	for range number {
		go func() {
			for {
				if c, err := from.Dial("tcp", proxy); err == nil {
					hold(c, args[3]) //nolint:errcheck // it is opened again
					c.Close()
				}
				time.Sleep(pause)
			}
		}()
		time.Sleep(100 * time.Microsecond)
	}
	select {}
}

// readOn says nothing, and returns when the other side has had enough.
func readOn(c net.Conn, _ string) error {
	_, err := io.Copy(io.Discard, c)
	return err
}

func shake(c net.Conn, host, protocol string) (*tls.Conn, error) {
	t := tls.Client(c, &tls.Config{ServerName: host, NextProtos: []string{protocol},
		InsecureSkipVerify: true}) //nolint:gosec // it only floods
	return t, t.Handshake()
}

func silentTLS(c net.Conn, host string) error {
	t, err := shake(c, host, "http/1.1")
	if err == nil {
		err = readOn(t, host)
	}
	return err
}

func settings(c net.Conn, host string) error {
	_, t, err := greet(c, host)
	if err == nil {
		err = readOn(t, host)
	}
	return err
}

func greet(c net.Conn, host string) (*http2.Framer, *tls.Conn, error) {
	t, err := shake(c, host, "h2")
	if err == nil {
		_, err = io.WriteString(t, http2.ClientPreface)
	}
	f := http2.NewFramer(t, t)
	if err == nil {
		err = errors.Join(f.WriteSettings(), f.WriteSettingsAck())
	}
	return f, t, err
}

// held sends as many requests as one connection may have.
func held(c net.Conn, host string) error {
	f, t, err := greet(c, host)
	for i := range uint32(streams) {
		if err != nil {
			return err
		}
		var head bytes.Buffer
		e := hpack.NewEncoder(&head)
		for _, p := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", host},
			{":path", "/public/x"}} {
			e.WriteField(hpack.HeaderField{Name: p[0], Value: p[1]}) //nolint:errcheck // into memory
		}
		err = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 2*i + 1, BlockFragment: head.Bytes(), EndStream: true,
			EndHeaders: true})
	}
	return errors.Join(err, readOn(t, host))
}
