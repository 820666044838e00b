package agent

import "github.com/nexushub/nexushub/agent/secret"

// Vault keeps the applications' secrets, see secret.Store.
type Vault interface {
	Set(instance, name, kind, value string) error
	Remove(instance, name string) error
	List(instance string) ([]secret.Secret, error)
	Files(instance string) (secret.Files, error)
}
