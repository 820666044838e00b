package health

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/nexushub/nexushub/internal/version"
)

// bodyLimit is how much of an answer is kept to show.
const bodyLimit = 256

// readers are shared by all probes: hundreds of idle applications cost no memory.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 1024) }}

// ask probes once. A connection of its own per probe holds nothing open between two
// probes, and cannot report the health of a process that has been replaced since.
func ask(ctx context.Context, c Check) Outcome {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	o := Outcome{}
	o.Code, o.Body, o.Err = exchange(ctx, c)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		o.Err = fmt.Errorf("no answer within %s", c.Timeout)
	}
	o.Latency = time.Since(start)
	return o
}

func exchange(ctx context.Context, c Check) (int, string, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, c.Network, c.Address)
	if err != nil {
		return 0, "", err
	}
	defer conn.Close()
	if c.Type == "tcp" {
		return 0, "", nil
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: nexushub-health/%s\r\nAccept: */*\r\nConnection: close\r\n\r\n",
		c.Path, c.Host, version.Version); err != nil {
		return 0, "", err
	}
	return readAnswer(conn)
}

func readAnswer(conn net.Conn) (int, string, error) {
	r := readers.Get().(*bufio.Reader)
	r.Reset(io.LimitReader(conn, 64<<10))
	defer func() { r.Reset(nil); readers.Put(r) }()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, "", fmt.Errorf("answer is not HTTP: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	if err != nil {
		return resp.StatusCode, string(body), fmt.Errorf("answer broke off: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, string(body), fmt.Errorf("answered %s", resp.Status)
	}
	return resp.StatusCode, string(body), nil
}
