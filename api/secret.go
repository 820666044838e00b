package api

import "time"

// Secret is the name of a secret; no answer of any API carries its value.
type Secret struct {
	Name      string     `json:"name"`
	Kind      string     `json:"kind"` // env, credential
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
}

// NewSecret sets one.
type NewSecret struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Value string `json:"value"`
}
