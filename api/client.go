package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/internal/version"
)

// Socket is where nexushubd listens for operators.
const Socket = "/run/nexushub/api.sock"

// OverHeader is the word of the client on the way that it took to the control socket. Who may use the socket
// can write it, too: it is of no more use than to tell his own ways apart.
const OverHeader = "X-NexusHub-Over"

// Client speaks to an agent. Every error it returns has a Code.
type Client struct {
	base  string
	token string
	http  *http.Client

	over          string        // the way to the socket, for the agent to tell: ssh, or nothing
	address       string        // base, or the socket
	answerTimeout time.Duration // of calls that only ask
}

// answerTimeout is much longer than a restart of the agent takes. There must be an end: the
// socket is PID 1's and takes connections also while no agent can be started.
const answerTimeout = 15 * time.Second

// NewClient speaks over the control socket, where the kernel vouches for the caller.
func NewClient(socket string) *Client {
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}
	return &Client{
		base:          "http://nexushub",
		http:          &http.Client{Transport: t},
		address:       socket,
		answerTimeout: answerTimeout,
	}
}

// NewBridgeClient speaks over a connection that leads to the control socket of another host, which
// address names, and on which requests share the way by one of the protocols p.
func NewBridgeClient(address string, p *http.Protocols, dial func(context.Context) (net.Conn, error)) *Client {
	t := &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		Protocols:       p,
		MaxConnsPerHost: 1, // others wait for the first, and share it
	}
	return &Client{
		base: "http://nexushub", http: &http.Client{Transport: t}, over: "ssh", address: address, answerTimeout: answerTimeout,
	}
}

// NewRemoteClient speaks to an API host (admin.DOMAIN) through the TLS proxy. roots
// may be nil: then the system's are used.
func NewRemoteClient(base, token string, roots *x509.CertPool) *Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = dialLocalhost
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	base = strings.TrimSuffix(base, "/")
	return &Client{base: base, token: token, http: &http.Client{Transport: t}, address: base, answerTimeout: answerTimeout}
}

// dialLocalhost leads names below .localhost to this host (RFC 6761, 6.3), as browsers
// and curl do; the resolver of a plain Debian does not.
func dialLocalhost(ctx context.Context, network, address string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(address); err == nil &&
		strings.HasSuffix(strings.TrimSuffix(host, "."), ".localhost") {
		address = net.JoinHostPort("localhost", port)
	}
	return (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext(ctx, network, address)
}

// call sends in as JSON (nil: no body) and reads the answer into out (nil: none).
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	header := http.Header{}
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(data)
		header.Set("Content-Type", "application/json")
	}
	if method == http.MethodGet {
		noAnswer := fmt.Errorf("%s: no answer within %s: %w", c.address, c.answerTimeout, Unavailable)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.answerTimeout, noAnswer)
		defer cancel()
	}
	res, err := c.send(ctx, method, path, header, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, res.Body)
	} else {
		err = json.NewDecoder(res.Body).Decode(out)
	}
	if err != nil {
		return fmt.Errorf("answer to %s %s: %w: %w", method, path, err, Unavailable)
	}
	return nil
}

// send returns only answers of success; the caller closes the body.
func (c *Client) send(ctx context.Context, method, path string, header http.Header,
	body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, Malformed)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", "nexushub/"+version.Version)
	if c.over != "" {
		req.Header.Set(OverHeader, c.over)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		return nil, answerFault(res)
	}
	return res, nil
}

// unreachable keeps what the caller has to know: that it left, or that no agent is there.
func unreachable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); CodeOf(cause) == Unavailable {
		return cause
	} else if cause != nil {
		return fmt.Errorf("%w: %w", cause, codeOf(cause))
	}
	var inner *net.OpError
	if errors.As(err, &inner) {
		err = inner
	}
	return fmt.Errorf("%w: %w", err, Unavailable)
}

func answerFault(res *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("%s: %w: %w", res.Status, err, Unavailable)
	}
	var p problem.Problem
	if json.Unmarshal(data, &p) != nil || p.Status == 0 {
		line, _, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
		p = problem.Problem{Status: res.StatusCode, Title: res.Status, Detail: line}
	}
	return FaultOf(p)
}

// URLOf is the address of an application whose host name is known, on the port of
// this agent's proxy.
func (c *Client) URLOf(host string) string {
	u, err := url.Parse(c.base)
	if err == nil && u.Scheme == "https" && u.Port() != "" && !strings.Contains(host, ":") {
		host += ":" + u.Port()
	}
	return "https://" + host + "/"
}

// DeployedURL is where a deployed or debug application is served. Over the control socket the agent
// says it, which knows the proxy's port.
func (c *Client) DeployedURL(ctx context.Context, a DebugApplication) string {
	if !strings.HasPrefix(c.base, "https://") {
		if app, err := c.App(ctx, a.ID); err == nil {
			return app.URL
		}
	}
	return c.URLOf(a.HostName)
}
