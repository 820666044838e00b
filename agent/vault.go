package agent

import (
	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/secret"
)

// Vault keeps the applications' secrets, see secret.Store.
type Vault interface {
	Set(instance string, c secret.Change) error
	Remove(instance, name string) error
	List(instance string) ([]secret.Secret, error)
	Files(instance string, who audience.Installer) (secret.Files, error)
	Copy(from, to string) error
	RemoveAll(instance string) error
}
