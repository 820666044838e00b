package certs

import (
	"crypto/tls"
	"time"
)

// Info describes one certificate that the proxy would present.
type Info struct {
	Hosts     []string  `json:"hosts"`
	Source    string    `json:"source"` // file, local CA, ACME
	Path      string    `json:"path,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Error     string    `json:"error,omitempty"`
}

func infoOf(c *tls.Certificate, source, path string) Info {
	return Info{
		Hosts: c.Leaf.DNSNames, Source: source, Path: path, Issuer: c.Leaf.Issuer.String(),
		NotBefore: c.Leaf.NotBefore, NotAfter: c.Leaf.NotAfter,
	}
}
