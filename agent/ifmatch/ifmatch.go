// Package ifmatch lets a change be made only of what its caller has seen: the tag that an answer had
// as its ETag comes back as If-Match (RFC 9110, 13.1.1), and who makes the change compares it with
// what there is under the lock under which the change is made.
package ifmatch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/api"
)

type key struct{}

// With makes what is asked with the context depend on a header If-Match; empty: on nothing.
func With(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, key{}, header)
}

// Tag is the ETag of a state, which encoding/json can write.
func Tag(state any) string {
	data, err := json.Marshal(state)
	if err != nil { // a mistake of the program: no tag that would match another state
		return fmt.Sprintf("%q", err.Error())
	}
	sum := sha256.Sum256(data)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// Check refuses a change of another state than its caller has seen.
func Check(ctx context.Context, state any) error {
	header, _ := ctx.Value(key{}).(string)
	tags := strings.Split(header, ",")
	for i := range tags {
		tags[i] = strings.TrimSpace(tags[i])
	}
	if header == "" || header == "*" || slices.Contains(tags, Tag(state)) {
		return nil
	}
	return fmt.Errorf("it was changed since you have read it, and nothing is changed now; read it again, "+
		"and send its ETag as If-Match: %w", api.Stale)
}
