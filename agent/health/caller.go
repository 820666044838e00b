package health

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/nexushub/nexushub/internal/version"
)

const (
	// bodyLimit is how much of an answer is kept to show.
	bodyLimit = 256
	// answerLimit is how much of an answer is read at all.
	answerLimit = 64 << 10
)

// readers are shared by all probes, which need one for the moment of an answer only.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 1024) }}

// caller asks over the network. It keeps its connection where the application lets it:
// for hundreds of idle applications, connecting is what probing costs most.
type caller struct{ conn net.Conn }

func (c *caller) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// once asks, and once more on a new connection where the kept one turns out closed.
func (c *caller) once(ctx context.Context, check Check) Outcome {
	began := time.Now()
	deadline := began.Add(check.Timeout)
	if check.Type == "tcp" {
		c.close() // whether it accepts connections is the question
	}
	kept := c.conn != nil
	o := c.exchange(ctx, check, deadline)
	if kept && o.Err != nil && o.Code == 0 && time.Now().Before(deadline) && ctx.Err() == nil {
		o = c.exchange(ctx, check, deadline)
	}
	if errors.Is(o.Err, os.ErrDeadlineExceeded) || errors.Is(o.Err, context.DeadlineExceeded) {
		o.Late, o.Err = true, fmt.Errorf("no answer within %s", check.Timeout)
	}
	o.Latency = time.Since(began)
	return o
}

func (c *caller) exchange(ctx context.Context, check Check, deadline time.Time) Outcome {
	if err := c.connect(ctx, check, deadline); err != nil {
		return Outcome{Err: err}
	}
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) })
	o, again := Outcome{}, false
	switch {
	case check.Type == "http":
		o, again = c.ask(check, deadline)
	case check.Relayed:
		o.Err = c.taken(deadline)
	}
	if !stop() || !again {
		c.close()
	}
	return o
}

// settled is how long a relay may take to find out that nobody listens behind it, which includes its own start.
const settled = 500 * time.Millisecond

// taken says whether somebody has taken a connection that a relay accepts in any case: if not, it is closed at once.
func (c *caller) taken(deadline time.Time) error {
	if soon := time.Now().Add(settled); soon.Before(deadline) {
		deadline = soon
	}
	c.conn.SetReadDeadline(deadline)
	if _, err := c.conn.Read(make([]byte, 1)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.New("nobody takes the connection")
	}
	return nil
}

func (c *caller) connect(ctx context.Context, check Check, deadline time.Time) (err error) {
	if c.conn != nil {
		return nil
	}
	d := net.Dialer{Deadline: deadline, KeepAlive: -1}
	c.conn, err = d.DialContext(ctx, check.Network, check.Address)
	if err != nil {
		c.conn = nil
	}
	return err
}

// request looks like one that the proxy forwards: whatever insists on https would answer
// any other with a redirect for ever.
const request = "GET %[1]s HTTP/1.1\r\nHost: %[2]s\r\nUser-Agent: nexushub-health/%[3]s\r\nAccept: */*\r\n" +
	"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: %[2]s\r\n\r\n"

// ask sends one request and reads the answer; again says that the connection can be
// used for the next.
func (c *caller) ask(check Check, deadline time.Time) (o Outcome, again bool) {
	c.conn.SetDeadline(deadline)
	if _, err := fmt.Fprintf(c.conn, request, check.Path, check.Host, version.Version); err != nil {
		return Outcome{Err: err}, false
	}
	r := readers.Get().(*bufio.Reader)
	r.Reset(io.LimitReader(c.conn, answerLimit))
	defer func() { r.Reset(nil); readers.Put(r) }()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return Outcome{Err: fmt.Errorf("answer is not HTTP: %w", err)}, false
	}
	return read(resp, r)
}

// read takes the answer in. The connection is kept only when the answer ended in it.
func read(resp *http.Response, r *bufio.Reader) (o Outcome, again bool) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	o = Outcome{Code: resp.StatusCode, Body: string(body), HTML: isHTML(resp.Header.Get("Content-Type"))}
	if err != nil {
		o.Err = fmt.Errorf("answer was cut short: %w", err)
		return o, false
	}
	if resp.StatusCode != http.StatusOK {
		o.Err = fmt.Errorf("answered %s", resp.Status)
	}
	n, err := resp.Body.Read(make([]byte, 1))
	return o, n == 0 && err == io.EOF && !resp.Close && r.Buffered() == 0
}

func isHTML(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "text/html"
}
