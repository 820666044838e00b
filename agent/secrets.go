package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/secret"
	"github.com/nexushub/nexushub/api"
)

// secretFiles are the root-only files of an instance for what who installed. The caller
// holds mu.
func (a *Agent) secretFiles(id string, who audience.Installer) plan.SecretFiles {
	f, err := a.vault.Files(id, who)
	if err != nil {
		a.log.Error("cannot read the secrets; the application runs without them", "instance", id, "error", err)
		return plan.SecretFiles{}
	}
	return plan.SecretFiles(f)
}

// Secrets names the secrets of an instance.
func (a *Agent) Secrets(id string) ([]api.Secret, error) {
	a.mu.Lock()
	d, _ := a.find(id)
	a.mu.Unlock()
	list, err := a.vault.List(id)
	out := make([]api.Secret, 0, len(list))
	for _, s := range list {
		shown := api.Secret{Name: s.Name, Kind: s.Kind, UpdatedAt: &s.UpdatedAt, For: s.Audience.Words()}
		if d != nil && d.Runs() && !s.Audience.Includes(d.Installer()) {
			shown.Withheld = "its release was installed by " + d.Installer().String()
		}
		out = append(out, shown)
	}
	return out, err
}

// SetSecrets sets secrets, all or none; the application is then replaced, to take them up.
func (a *Agent) SetSecrets(_ context.Context, id string, list ...api.NewSecret) error {
	changes := make([]secret.Change, len(list))
	for i, s := range list {
		changes[i] = secret.Change{Name: s.Name, Kind: s.Kind, Value: s.Value, Keep: s.KeepValue}
		if len(s.For) > 0 {
			var err error
			if changes[i].For, err = audience.New(s.For); err != nil {
				return fmt.Errorf("for: %w: %w", err, api.Invalid)
			}
		}
	}
	return a.secretChanged(a.vault.Set(id, changes...))
}

// RemoveSecret removes a secret; the application is then replaced, to lose it.
func (a *Agent) RemoveSecret(_ context.Context, id, name string) error {
	return a.secretChanged(a.vault.Remove(id, name))
}

func (a *Agent) secretChanged(err error) error {
	switch {
	case errors.Is(err, secret.ErrInvalid):
		return fmt.Errorf("%w: %w", err, api.Invalid)
	case errors.Is(err, secret.ErrNotFound):
		return fmt.Errorf("%w: %w", err, api.NotFound)
	case err != nil:
		return err
	}
	a.mu.Lock()
	a.desired.stale = true
	a.mu.Unlock()
	a.requestReconcile()
	return nil
}
