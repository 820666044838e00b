// Package password keeps passwords as argon2id hashes in PHC strings, and says what a new one has
// to be. A check costs the same whether there is anything to check against: who is told that name
// or password is wrong learns neither from the answer nor from the time which of them.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost is what one hash takes.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// Default is what OWASP's cheat sheet on the storage of passwords asks for at least.
var Default = Cost{Memory: 19 << 10, Passes: 2, Threads: 1}

// most bounds what a stored hash may cost, so that a damaged database cannot take the host's memory.
var most = Cost{Memory: 256 << 10, Passes: 16, Threads: 8}

const (
	saltLength = 16
	keyLength  = 32
)

// Hasher makes and checks hashes, a few at a time: each takes memory.
type Hasher struct {
	cost  Cost
	slots chan struct{}
	done  atomic.Int64
}

// NewHasher makes hashes of a cost, as many at once as it is told.
func NewHasher(c Cost, atOnce int) *Hasher {
	return &Hasher{cost: c, slots: make(chan struct{}, atOnce)}
}

// Work is how many hashes were computed.
func (h *Hasher) Work() int64 { return h.done.Load() }

// Hash is the PHC string of a password. The error is that of ctx.
func (h *Hasher) Hash(ctx context.Context, plain string) (string, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails (crypto/rand)
	key, err := h.compute(ctx, h.cost, plain, salt, keyLength)
	return encode(h.cost, salt, key), err
}

// Check compares a password with a PHC string; none fits where that is empty. Stale says that the
// password is right and should be hashed again, because the cost has changed.
func (h *Hasher) Check(ctx context.Context, phc, plain string) (ok, stale bool, err error) {
	cost, salt, want := h.cost, make([]byte, saltLength), make([]byte, keyLength)
	if phc != "" {
		if cost, salt, want, err = decode(phc); err != nil {
			return false, false, err
		}
	}
	key, err := h.compute(ctx, cost, plain, salt, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(key, want) == 1 && phc != ""
	return ok, ok && (cost != h.cost || len(want) != keyLength || len(salt) != saltLength), nil
}

func (h *Hasher) compute(ctx context.Context, c Cost, plain string, salt []byte, length uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-h.slots }()
	h.done.Add(1)
	return argon2.IDKey([]byte(norm.NFC.String(plain)), salt, c.Passes, c.Memory, c.Threads, length), nil
}

var errFormat = errors.New("not an argon2id hash in PHC format")

func encode(c Cost, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Threads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

func decode(phc string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errFormat
	}
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Threads)
	if n != 3 || err != nil {
		return c, nil, nil, errFormat
	}
	salt, errSalt := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, errKey := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if errSalt != nil || errKey != nil || encode(c, salt, key) != phc {
		return c, nil, nil, errFormat
	}
	bad := c.Memory < 8 || c.Memory > most.Memory || c.Passes < 1 || c.Passes > most.Passes || c.Threads < 1 ||
		c.Threads > most.Threads || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64
	if bad {
		return c, nil, nil, fmt.Errorf("%w: its cost is out of range", errFormat)
	}
	return c, salt, key, nil
}
