package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// answerLimit bounds an answer in bytes.
	answerLimit = 16 << 20
	// listTimeout is for the list; a poll may be held by the server for holdTimeout.
	listTimeout = 30 * time.Second
	holdTimeout = 2 * time.Minute
)

// Client speaks the two calls of the admin application: /api/applications and /api/poll.
type Client struct {
	http     *http.Client
	base     string
	instance string // of the admin application, which the proxy selects by it
	secret   string
	most     int
}

// NewClient returns a client for the admin service at base, which may list so many
// applications at most.
func NewClient(base, instance, secret string, most int, transport http.RoundTripper) *Client {
	return &Client{
		base: strings.TrimSuffix(base, "/"), instance: instance, secret: secret, most: most,
		http: &http.Client{Transport: transport, CheckRedirect: noRedirect},
	}
}

// Applications fetches the whole list.
func (c *Client) Applications(ctx context.Context) (List, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	raw, status, err := c.get(ctx, "/api/applications")
	if err != nil {
		return List{}, err
	}
	if status != http.StatusOK {
		return List{}, fmt.Errorf("list of applications: answered %d", status)
	}
	return parse(raw, c.most)
}

// Poll asks whether anything happened since event. The server may hold the request.
func (c *Client) Poll(ctx context.Context, event int64) (latest int64, news bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, holdTimeout)
	defer cancel()
	raw, status, err := c.get(ctx, "/api/poll?e="+strconv.FormatInt(event+1, 10))
	switch {
	case err != nil:
		return event, false, err
	case status == http.StatusNotModified:
		return event, false, nil
	case status != http.StatusOK:
		return event, false, fmt.Errorf("poll: answered %d", status)
	}
	var answer struct {
		ID int64 `json:"id"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return event, false, fmt.Errorf("poll: answer is not the expected JSON: %w", err)
	}
	return answer.ID, true, nil
}

func (c *Client) get(ctx context.Context, path string) ([]byte, int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("X-Application-Id", c.instance)
	req.Header.Set("Authorization", "Bearer "+c.secret)
	req.Header.Set("X-Internal-Secret", c.secret)
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	if err == nil && len(raw) > answerLimit {
		err = fmt.Errorf("answer is longer than %d bytes", answerLimit)
	}
	return raw, resp.StatusCode, err
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
