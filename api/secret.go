package api

import "time"

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
