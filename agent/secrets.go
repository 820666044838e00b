package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/nexushub/nexushub/agent/secret"
	"github.com/nexushub/nexushub/api"
)

// secrets are the root-only files of an instance. The caller holds mu.
func (a *Agent) secretFiles(id string) secretFiles {
	f, err := a.vault.Files(id)
	if err != nil {
		a.log.Error("secrets cannot be read; the application runs without them", "instance", id, "error", err)
		return secretFiles{}
	}
	s := secretFiles{Credentials: f.Credentials, Version: f.Version}
	if f.EnvFile != "" {
		s.EnvFiles = []string{f.EnvFile}
	}
	return s
}

// Secrets names the secrets of an instance.
func (a *Agent) Secrets(id string) ([]api.Secret, error) {
	list, err := a.vault.List(id)
	out := make([]api.Secret, 0, len(list))
	for _, s := range list {
		out = append(out, api.Secret{Name: s.Name, Kind: s.Kind, UpdatedAt: &s.UpdatedAt})
	}
	return out, err
}

// SetSecret sets a secret; the application is then replaced, to take it up.
func (a *Agent) SetSecret(_ context.Context, id string, s api.NewSecret) error {
	return a.secretChanged(a.vault.Set(id, s.Name, s.Kind, s.Value))
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
	a.want.stale = true
	a.mu.Unlock()
	a.poke()
	return nil
}
