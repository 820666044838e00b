package manifest

// Services are programs of the host that an application uses. NexusHub makes its account with them.
type Services struct {
	PostgreSQL bool `toml:"postgresql,omitempty" json:"postgresql,omitempty"` // a database of its own in the host's server
}

func (s Services) or(o Services) Services { return Services{PostgreSQL: s.PostgreSQL || o.PostgreSQL} }
