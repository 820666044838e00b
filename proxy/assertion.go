package proxy

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/nexushub/nexushub/proxy/accesstoken"
)

// keysPath is where the public key is, on every host.
const keysPath = "/.well-known/nexushub/keys"

// assertionLife is how long an assertion counts: as long as the grant may, that it comes of, after the
// login application has ended it.
const assertionLife = time.Minute

// signer signs for private applications who has sent a request: whoever reaches an application past the
// proxy can forge header fields, and no signature. An assertion is a JSON Web Token (RFC 7519).
type signer struct {
	key  ed25519.PrivateKey
	head string // of each assertion, with the dot that ends it
	keys []byte // JSON Web Key Set (RFC 7517)
}

// assertion is what is signed: for which instance (aud), who (sub), until when.
type assertion struct {
	Issuer   string   `json:"iss"`
	Audience string   `json:"aud"`
	Subject  string   `json:"sub"`
	Roles    []string `json:"roles"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
}

// publicKey is the key as JSON Web Keys have it (RFC 8037).
type publicKey struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
}

func newSigner(seed []byte) *signer {
	key := ed25519.NewKeyFromSeed(seed)
	public, _ := key.Public().(ed25519.PublicKey)
	sum := sha256.Sum256(public)
	id := hex.EncodeToString(sum[:8])
	head := map[string]string{"alg": "EdDSA", "typ": "JWT", "kid": id}
	keys := map[string][]publicKey{"keys": {{"OKP", "Ed25519", base64url(public), id, "EdDSA", "sig"}}}
	return &signer{key: key, head: base64url(encode(head)) + ".", keys: encode(keys)}
}

func (s *signer) sign(instance string, who *accesstoken.Identity, now time.Time) string {
	roles := who.Roles
	if roles == nil {
		roles = []string{}
	}
	signed := s.head + base64url(encode(assertion{
		Issuer: "nexushub", Audience: instance, Subject: who.User, Roles: roles,
		IssuedAt: now.Unix(), Expires: now.Add(assertionLife).Unix(),
	}))
	return signed + "." + base64url(ed25519.Sign(s.key, []byte(signed)))
}

// encode never fails: what is signed are strings and numbers.
func encode(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// appendWho writes who has signed in, as the instance of a private application is told it.
func (x *exchange) appendWho(dst []byte, who *accesstoken.Identity) []byte {
	dst = appendField(dst, "X-NexusHub-User", who.User)
	if len(who.Roles) > 0 {
		dst = appendField(dst, "X-NexusHub-Roles", strings.Join(who.Roles, ","))
	}
	return appendField(dst, "X-NexusHub-Assertion", x.server.signer.sign(x.decision.route.Instance, who, time.Now()))
}

// keys answers with the public key, by which a program checks assertions.
func (x *exchange) keys(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		errorPage{405, "The key is read by GET.", x}.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Write(x.server.signer.keys)
}
