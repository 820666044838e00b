package caller

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/agent/ifmatch"
	"github.com/nexushub/nexushub/api"
)

// The state files. Tokens with a role have one of their own, which versions from before there were
// roles do not read: to them every token is for all debug applications.
const (
	tokensName     = "tokens"
	roleTokensName = "role-tokens"
)

// tokenPrefix lets scanners of leaked secrets recognise a token.
const tokenPrefix = "nxh_"

// State keeps small documents on disk, see agent/state.
type State interface {
	Load(name string, v any) (found bool, err error)
	Save(name string, v any) error
}

// Tokens are the API tokens. Only the SHA-256 of each is kept.
type Tokens struct {
	state State

	mu     sync.Mutex // guards the fields that follow
	tokens []storedToken
	lives  map[string]life // of those that were used
}

type storedToken struct {
	api.Token
	SHA256 string `json:"sha256"`
}

// OpenTokens reads the tokens from the agent's state.
func OpenTokens(state State) (*Tokens, error) {
	t := &Tokens{state: state, lives: map[string]life{}}
	var roles []storedToken
	_, err := state.Load(tokensName, &t.tokens)
	if err == nil {
		_, err = state.Load(roleTokensName, &roles)
	}
	t.tokens = append(t.tokens, roles...)
	return t, err
}

// Create makes a token that the caller may issue. The answer is the only place where its secret appears.
func (t *Tokens) Create(ctx context.Context, n api.NewToken) (api.IssuedToken, error) {
	by := Of(ctx)
	n, err := by.issue(n)
	if err != nil {
		return api.IssuedToken{}, err
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // crypto/rand: never fails
	secret := tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	made := api.Token{
		ID: uuid.NewString(), Name: n.Name, CreatedAt: time.Now().UTC(), ExpiresAt: n.ExpiresAt,
		Role: n.Role, Applications: n.Applications, IssuedBy: string(by.Installer),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ifmatch.Check(ctx, t.ids()); err != nil {
		return api.IssuedToken{}, err
	}
	if slices.ContainsFunc(t.tokens, func(o storedToken) bool { return o.Name == n.Name }) {
		return api.IssuedToken{}, fmt.Errorf("a token named %q already exists: %w", n.Name, api.Conflict)
	}
	err = t.change(append(slices.Clone(t.tokens), storedToken{Token: made, SHA256: hashOf(secret)}))
	return api.IssuedToken{Token: made, Secret: secret}, err
}

// List never has secrets.
func (t *Tokens) List() ([]api.Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]api.Token, len(t.tokens))
	for i, o := range t.tokens {
		out[i] = o.Token
	}
	return out, nil
}

// Tag is the ETag of the list.
func (t *Tokens) Tag() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return ifmatch.Tag(t.ids())
}

// ids tell lists apart: all else of a token stays as it is. The caller holds mu.
func (t *Tokens) ids() []string {
	ids := make([]string, len(t.tokens))
	for i, o := range t.tokens {
		ids[i] = o.ID
	}
	return ids
}

// Revoke ends a token, named by id or name, and what its holder has open.
func (t *Tokens) Revoke(ctx context.Context, id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ifmatch.Check(ctx, t.ids()); err != nil {
		return err
	}
	var left, gone []storedToken
	for _, o := range t.tokens {
		if o.ID == id || o.Name == id {
			gone = append(gone, o)
		} else {
			left = append(left, o)
		}
	}
	if len(gone) == 0 {
		return fmt.Errorf("token %q: %w", id, api.NotFound)
	}
	if err := t.change(left); err != nil {
		return err
	}
	for _, o := range gone {
		t.endLife(o.ID)
	}
	return nil
}

// Check finds the token of a secret. Every stored hash is compared in full, so that
// the time taken tells nothing.
func (t *Tokens) Check(secret string) (found api.Token, ok bool) {
	hash := []byte(hashOf(secret))
	now := time.Now().UTC()
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.tokens {
		o := &t.tokens[i]
		if subtle.ConstantTimeCompare(hash, []byte(o.SHA256)) == 1 && (o.ExpiresAt == nil || now.Before(*o.ExpiresAt)) {
			o.LastUsedAt = &now // on disk with the next change; it is for show
			found, ok = o.Token, true
		}
	}
	return found, ok
}

// change takes effect when it is on disk. The caller holds mu.
func (t *Tokens) change(next []storedToken) error {
	plain, roles := []storedToken{}, []storedToken{}
	for _, o := range next {
		if o.Role == "" {
			plain = append(plain, o)
		} else {
			roles = append(roles, o)
		}
	}
	if err := errors.Join(t.state.Save(tokensName, plain), t.state.Save(roleTokensName, roles)); err != nil {
		return err
	}
	t.tokens = next
	return nil
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
