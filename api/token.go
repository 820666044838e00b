package api

import "time"

// Token is one API token as the store knows it; the token itself is not kept.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

// NewToken asks for a token.
type NewToken struct {
	Name      string     `json:"name"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// IssuedToken is the only answer that ever carries a token.
type IssuedToken struct {
	Token
	Secret string `json:"token"`
}
