package proxyctl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/nexushub/nexushub/internal/problem"
)

// readTimeout bounds calls that only read. PID 1 holds the socket and accepts connections even
// while the proxy cannot start; the caller should then learn of it soon.
const readTimeout = 2 * time.Second

// Client calls the proxy on its control socket. What the proxy refuses is a *problem.Problem.
type Client struct{ http http.Client }

// NewClient returns a client for the unix socket at the given path.
func NewClient(socket string) *Client {
	var d net.Dialer
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", socket) }
	transport := &http.Transport{DialContext: dial, MaxIdleConns: 4, IdleConnTimeout: 30 * time.Second}
	return &Client{http: http.Client{Transport: transport}}
}

// Apply puts the whole routing state. When it returns without error, the table is in
// force and on disk.
func (c *Client) Apply(ctx context.Context, t Table) error {
	return c.call(ctx, http.MethodPut, "/v1/table", t, nil)
}

// Status returns counts and routes.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.call(ctx, http.MethodGet, "/v1/status", nil, &s)
	return s, err
}

// Unreadable says, in words, which files of an instance the proxy may not read, as far as
// somebody has asked for them.
func (c *Client) Unreadable(ctx context.Context, instance string) (list []string, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/unreadable?instance="+url.QueryEscape(instance), nil, &list)
	return list, err
}

// Drain waits until the target has no request in flight, at most until the deadline;
// then its upgraded connections are closed with a close frame.
func (c *Client) Drain(ctx context.Context, target string, deadline time.Duration) (DrainResult, error) {
	var r DrainResult
	in := DrainRequest{Target: target, DeadlineMS: deadline.Milliseconds()}
	err := c.call(ctx, http.MethodPost, "/v1/drain", in, &r)
	return r, err
}

// Certs lists the certificates that the proxy has.
func (c *Client) Certs(ctx context.Context) ([]CertInfo, error) {
	var list []CertInfo
	err := c.call(ctx, http.MethodGet, "/v1/certs", nil, &list)
	return list, err
}

// Metrics are the proxy's, in the text format of Prometheus. The caller closes them.
func (c *Client) Metrics(ctx context.Context) (io.ReadCloser, error) {
	resp, err := c.do(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	if method == http.MethodGet {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, readTimeout)
		defer cancel()
	}
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("proxy: %w", err)
		}
		body = bytes.NewReader(b)
	}
	resp, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("proxy: %s %s: %w", method, path, err)
	}
	return nil
}

// do returns an answer that is no refusal.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://proxy"+path, body)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, failure(resp)
	}
	return resp, nil
}

func failure(resp *http.Response) error {
	p := &problem.Problem{Status: resp.StatusCode, Title: resp.Status}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(p); err != nil {
		return fmt.Errorf("proxy: answered %s", resp.Status)
	}
	return fmt.Errorf("proxy: %w", p)
}
