package certs

// ACMEOptions say which authority certifies the hosts that opt in.
type ACMEOptions struct {
	Email     string
	Directory string // URL; empty: Let's Encrypt
	CACert    string // PEM file to trust the directory itself by
}
