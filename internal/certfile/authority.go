package certfile

import (
	"crypto/x509"

	"github.com/nexushub/nexushub/internal/readable"
)

// ReadAuthority reads the certificates of an authority, which are to be trusted, for a user.
func ReadAuthority(path string, who readable.User) ([]*x509.Certificate, error) {
	r := reader{who: who}
	list, err := r.blocks(path)
	if err != nil {
		return nil, err
	}
	return certificates(path, list)
}
