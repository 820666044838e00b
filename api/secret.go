package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
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
	Value string `json:"value"` // text

	// Base64 is the value instead of Value: text cannot carry bytes that are not UTF-8.
	Base64    []byte   `json:"value_base64,omitempty"`
	For       []string `json:"for,omitempty"`        // who gets it; empty: as it is, for a new one operators
	KeepValue bool     `json:"keep_value,omitempty"` // change only who gets it
}

// NewSecrets sets several at once: all, or with an error none.
type NewSecrets struct {
	Secrets []NewSecret `json:"secrets"`
}

// Secrets lists the names of an application's secrets.
func (c *Client) Secrets(ctx context.Context, app string) (out []Secret, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "secrets"), nil, &out)
	return out, err
}

// SetValue gives the secret a value, in the form that carries it unchanged: as text where
// it is text, which every agent takes.
func (s *NewSecret) SetValue(value string) {
	s.Value, s.Base64 = value, nil
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		s.Value, s.Base64 = "", []byte(value)
	}
}

// Bytes is the value, whichever form it came in.
func (s *NewSecret) Bytes() (string, error) {
	if len(s.Base64) == 0 {
		return s.Value, nil
	}
	if s.Value != "" {
		return "", fmt.Errorf("value, value_base64: only one may be given: %w", Invalid)
	}
	return string(s.Base64), nil
}

// SetSecret sets one and lets the application take it up.
func (c *Client) SetSecret(ctx context.Context, app string, s NewSecret) error {
	err := c.call(ctx, http.MethodPut, appPath(app, "secrets"), s, nil)
	if errors.Is(err, Malformed) && strings.Contains(err.Error(), `unknown field "value_base64"`) {
		return fmt.Errorf("the agent that runs is of an earlier version, which takes no bytes that are not text; "+
			"systemctl restart nexushubd starts the one that is installed: %w", NotImplemented)
	}
	return err
}

// SetSecrets sets several and lets the application take them up together.
func (c *Client) SetSecrets(ctx context.Context, app string, list []NewSecret) error {
	return c.call(ctx, http.MethodPost, appPath(app, "secrets"), NewSecrets{Secrets: list}, nil)
}

// RemoveSecret removes one.
func (c *Client) RemoveSecret(ctx context.Context, app, name string) error {
	return c.call(ctx, http.MethodDelete, appPath(app, "secrets/"+url.PathEscape(name)), nil, nil)
}
