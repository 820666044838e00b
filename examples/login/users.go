package main

import (
	"bufio"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Cost of one password check: about a fifth of a second (OWASP's figure for PBKDF2-HMAC-SHA256).
const rounds = 600_000

// users maps a name to the salt and the hash of the password.
type users map[string]credential

type credential struct {
	Salt []byte   `json:"salt"`
	Hash []byte   `json:"hash"`
	Only []string `json:"only,omitempty"` // ids of the instances that the user may enter; all without it

	Roles []string `json:"roles,omitempty"` // that private applications ask for
}

func loadUsers(path string) (users, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var u users
	if err := json.Unmarshal(data, &u); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return u, nil
}

// check takes as long for a name that does not exist as for one that does.
func (u users) check(name, password string) bool {
	c, known := u[name]
	if !known {
		c = credential{Salt: []byte("nobody"), Hash: make([]byte, sha256.Size)}
	}
	hash, err := pbkdf2.Key(sha256.New, password, c.Salt, rounds, sha256.Size)
	return err == nil && subtle.ConstantTimeCompare(hash, c.Hash) == 1 && known
}

// mayEnter says whether a user may have access tokens for an instance.
func (u users) mayEnter(name, instance string) bool {
	c, known := u[name]
	return known && (c.Only == nil || slices.Contains(c.Only, instance))
}

func newCredential(password string) (credential, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails (crypto/rand)
	hash, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	return credential{Salt: salt, Hash: hash}, err
}

func printHash(in io.Reader, out io.Writer) error {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && line == "" {
		return fmt.Errorf("no password on standard input: %w", err)
	}
	c, err := newCredential(strings.TrimRight(line, "\r\n"))
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(c)
}

// newToken has 256 bits and is fit for cookies and URLs.
func newToken() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}
