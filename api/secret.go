package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Secret is the name of a secret; no answer of any API carries its value.
type Secret struct {
	Name      string     `json:"name"`
	Kind      string     `json:"kind"` // env, credential
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
	For       []string   `json:"for"`                // root, operators, developers, unrecorded, names of tokens
	Withheld  string     `json:"withheld,omitempty"` // why the present release does not get it
}

// NewSecret sets one.
type NewSecret struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Value string `json:"value"`

	For       []string `json:"for,omitempty"`        // who gets it; empty: as it is, for a new one operators
	KeepValue bool     `json:"keep_value,omitempty"` // change only who gets it
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
