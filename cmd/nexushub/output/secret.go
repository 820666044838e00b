package output

import (
	"strings"

	"github.com/nexushub/nexushub/api"
)

// Secrets is `secret list`.
func (p *Printer) Secrets(secrets []api.Secret) error {
	if done, err := p.json(secrets); done {
		return err
	}
	if len(secrets) == 0 {
		p.infof("no secrets")
		return nil
	}
	t := p.table("NAME", "KIND", "UPDATED", "FOR", "WITHHELD")
	for _, s := range secrets {
		t.row(s.Name, s.Kind, p.agoPtr(s.UpdatedAt), strings.Join(s.For, ", "), s.Withheld)
	}
	return t.flush()
}

// SecretSet confirms `secret set`.
func (p *Printer) SecretSet(app, name string) error {
	return p.confirm(Change{"set", "secret", name}, "set %s of %s: the application restarts to use it", name, app)
}

// SecretWithheld confirms `secret set` where the application does not get the secret.
func (p *Printer) SecretWithheld(app string, s api.Secret) error {
	return p.confirm(Change{"set", "secret", s.Name},
		"set %s of %s, for %s only: %s does not get it, because %s (--for changes this)", s.Name, app,
		strings.Join(s.For, ", "), app, s.Withheld)
}
