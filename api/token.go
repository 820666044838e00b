package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Token is one API token as the store knows it; the token itself is not kept.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	// Role is empty for a token that opens the API of debug applications alone.
	Role         Role     `json:"role,omitempty"`
	Applications []string `json:"applications,omitempty"` // granted; "*": all
	IssuedBy     string   `json:"issued_by,omitempty"`    // root, uid:N, token:ID; empty: not recorded
}

// NewToken asks for a token.
type NewToken struct {
	Name         string     `json:"name"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty"`
	Role         Role       `json:"role,omitempty"`
	Applications []string   `json:"applications,omitempty"` // app ids or names; "*": all
}

// IssuedToken is the only answer that ever carries a token.
type IssuedToken struct {
	Token
	Secret string `json:"token"`
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
