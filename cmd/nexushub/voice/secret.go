package voice

import (
	"strings"

	"github.com/nexushub/nexushub/api"
)

// Secrets is `secret list`.
func (v *Voice) Secrets(secrets []api.Secret) error {
	if done, err := v.json(secrets); done {
		return err
	}
	if len(secrets) == 0 {
		v.say("no secrets")
		return nil
	}
	t := v.table("NAME", "KIND", "UPDATED", "FOR", "WITHHELD")
	for _, s := range secrets {
		t.row(s.Name, s.Kind, v.agoPtr(s.UpdatedAt), strings.Join(s.For, ", "), s.Withheld)
	}
	return t.flush()
}

// SecretSet confirms `secret set`.
func (v *Voice) SecretSet(app, name string) error {
	return v.done(Done{"set", "secret", name}, "set %s of %s: the application takes it up with a new unit", name, app)
}

// SecretWithheld confirms `secret set` where the application does not get the secret.
func (v *Voice) SecretWithheld(app string, s api.Secret) error {
	return v.done(Done{"set", "secret", s.Name}, "set %s of %s, for %s alone: %s does not get it, because %s (--for widens it)",
		s.Name, app, strings.Join(s.For, ", "), app, s.Withheld)
}
