package proxyctl

import "time"

// CertInfo describes one certificate that the proxy would present.
type CertInfo struct {
	Hosts     []string  `json:"hosts"`
	Source    string    `json:"source"` // file, local CA, ACME
	Path      string    `json:"path,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Error     string    `json:"error,omitempty"`
}
