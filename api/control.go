package api

import (
	"context"
	"net/http"
	"net/url"
)

// Apps lists every application.
func (c *Client) Apps(ctx context.Context) (out []App, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/apps", nil, &out)
	return out, err
}

// App finds one application by its name, host name, app id or instance id.
func (c *Client) App(ctx context.Context, app string) (out App, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, ""), nil, &out)
	return out, err
}

// Start wants the application to run, and waits until it does or has failed.
func (c *Client) Start(ctx context.Context, app string) (App, error) {
	return c.verb(ctx, app, "start")
}

// Stop wants the application not to run, and waits until it does not.
func (c *Client) Stop(ctx context.Context, app string) (App, error) { return c.verb(ctx, app, "stop") }

// Restart replaces the running unit by a new one.
func (c *Client) Restart(ctx context.Context, app string) (App, error) {
	return c.verb(ctx, app, "restart")
}

func (c *Client) verb(ctx context.Context, app, verb string) (out App, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, verb), nil, &out)
	return out, err
}

// StopAll is the ordered shutdown of every application.
func (c *Client) StopAll(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/v1/stop-all", nil, nil)
}

// Releases lists what an application ran and could run again, newest first.
func (c *Client) Releases(ctx context.Context, app string) (out []Release, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "releases"), nil, &out)
	return out, err
}

// RollbackRequest names the release to go back to; empty means the previous one.
type RollbackRequest struct {
	Release string `json:"release,omitempty"`
}

// Rollback runs an older release through the same gate as a new one.
func (c *Client) Rollback(ctx context.Context, app, release string) (out App, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, "rollback"), RollbackRequest{Release: release}, &out)
	return out, err
}

// Explain says how the application would be run by hand.
func (c *Client) Explain(ctx context.Context, app string) (out Explanation, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "explain"), nil, &out)
	return out, err
}

// ExecRequest is the command that ExecLine is to run.
type ExecRequest struct {
	Command []string `json:"command"`
	TTY     bool     `json:"tty,omitempty"`
}

// ExecLine is the systemd-run line that runs a command as the application would run
// it; the caller, who is root, executes it.
func (c *Client) ExecLine(ctx context.Context, app string, req ExecRequest) (out Explanation, err error) {
	err = c.call(ctx, http.MethodPost, appPath(app, "exec"), req, &out)
	return out, err
}

// Plan is what the reconciler would do now.
func (c *Client) Plan(ctx context.Context) (out []Task, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/plan", nil, &out)
	return out, err
}

// Routes is the proxy's table in force.
func (c *Client) Routes(ctx context.Context) (out []Route, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/routes", nil, &out)
	return out, err
}

// Certs lists the certificates that the proxy presents.
func (c *Client) Certs(ctx context.Context) (out []Cert, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/certs", nil, &out)
	return out, err
}

// System describes the host and the agent.
func (c *Client) System(ctx context.Context) (out System, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/system", nil, &out)
	return out, err
}

// Secrets lists the names of an application's secrets.
func (c *Client) Secrets(ctx context.Context, app string) (out []Secret, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "secrets"), nil, &out)
	return out, err
}

// SetSecret sets one and lets the application take it up.
func (c *Client) SetSecret(ctx context.Context, app string, s NewSecret) error {
	return c.call(ctx, http.MethodPut, appPath(app, "secrets"), s, nil)
}

// RemoveSecret removes one.
func (c *Client) RemoveSecret(ctx context.Context, app, name string) error {
	return c.call(ctx, http.MethodDelete, appPath(app, "secrets/"+url.PathEscape(name)), nil, nil)
}

// Tokens lists the API tokens.
func (c *Client) Tokens(ctx context.Context) (out []Token, err error) {
	err = c.call(ctx, http.MethodGet, "/v1/tokens", nil, &out)
	return out, err
}

// CreateToken makes an API token; the answer is the only time it is seen.
func (c *Client) CreateToken(ctx context.Context, t NewToken) (out IssuedToken, err error) {
	err = c.call(ctx, http.MethodPost, "/v1/tokens", t, &out)
	return out, err
}

// RevokeToken ends a token.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/v1/tokens/"+url.PathEscape(id), nil, nil)
}

func appPath(app, rest string) string {
	p := "/v1/apps/" + url.PathEscape(app)
	if rest != "" {
		p += "/" + rest
	}
	return p
}
