package control

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

// keptFor is how long an answer is given again: a client that was cut off tries again within minutes.
const keptFor = time.Hour

// idempotent gives the answer to a call with an Idempotency-Key once more where the same caller sends
// the same again: what he creates is created once. It is in memory, since an answer may have a token; after
// a restart of the agent a key is new.
type idempotent struct {
	next http.Handler

	mu    sync.Mutex // guards the fields that follow
	calls []*keyed   // oldest first
}

// keyed is a call with a key.
type keyed struct {
	caller, key string
	request     [sha256.Size]byte
	began       time.Time
	done        bool
	answer      kept
}

func (i *idempotent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, key := caller.Of(r.Context()), r.Header.Get("Idempotency-Key")
	if key == "" || r.Method != http.MethodPost || !remembers(who) {
		i.next.ServeHTTP(w, r)
		return
	}
	body, err := readKept(r, "an Idempotency-Key")
	if err != nil {
		refuse(w, r, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call, again, err := i.enter(string(who.Installer), key, sumOf(r, body))
	switch {
	case err != nil:
		refuse(w, r, err)
	case again:
		w.Header().Set("Idempotency-Replayed", "true")
		call.answer.write(w)
	default:
		k := &keeper{to: w}
		defer func() { i.leave(call, k) }() // also where a handler panics
		i.next.ServeHTTP(k, r)
	}
}

// enter notes a call, or finds the one that was the same; that is done where again is true.
func (i *idempotent) enter(who, key string, request [sha256.Size]byte) (call *keyed, again bool, err error) {
	if len(key) > 255 {
		return nil, false, fmt.Errorf("an Idempotency-Key has at most 255 bytes: %w", api.Malformed)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forget(who, time.Now())
	for _, c := range i.calls {
		switch {
		case c.caller != who || c.key != key:
		case c.request != request:
			return nil, false, fmt.Errorf("this Idempotency-Key was sent with another request; another request needs another key: %w",
				api.Invalid)
		case !c.done:
			return nil, false, fmt.Errorf("the call with this Idempotency-Key is still going on; ask again later: %w", api.Conflict)
		default:
			return c, true, nil
		}
	}
	call = &keyed{caller: who, key: key, request: request, began: time.Now()}
	i.calls = append(i.calls, call)
	return call, false, nil
}

// leave keeps the answer, unless the same may be tried again: what failed here, or is longer than is kept.
func (i *idempotent) leave(call *keyed, k *keeper) {
	answer, whole := k.answer()
	i.mu.Lock()
	defer i.mu.Unlock()
	call.answer, call.done = answer, true
	if !whole || answer.Status >= http.StatusInternalServerError {
		i.drop(func(c *keyed) bool { return c == call })
	}
}

// forget makes room for one more call. The caller holds mu.
func (i *idempotent) forget(who string, now time.Time) {
	i.drop(func(c *keyed) bool { return now.Sub(c.began) > keptFor })
	own := 0
	for _, c := range i.calls {
		if c.caller == who {
			own++
		}
	}
	if own >= maxKeptEach {
		i.dropFirst(func(c *keyed) bool { return c.caller == who })
	}
	if len(i.calls) >= maxKept {
		i.dropFirst(func(*keyed) bool { return true })
	}
}

// drop forgets calls. The caller holds mu.
func (i *idempotent) drop(which func(*keyed) bool) {
	left := i.calls[:0]
	for _, c := range i.calls {
		if !which(c) {
			left = append(left, c)
		}
	}
	clear(i.calls[len(left):])
	i.calls = left
}

// dropFirst forgets the oldest of some calls. The caller holds mu.
func (i *idempotent) dropFirst(which func(*keyed) bool) {
	done := false
	i.drop(func(c *keyed) bool {
		first := !done && which(c)
		done = done || first
		return first
	})
}

// sumOf tells requests apart.
func sumOf(r *http.Request, body []byte) [sha256.Size]byte {
	parts := []string{r.Method, r.URL.RequestURI(), r.Header.Get("If-Match"), string(body)}
	text, _ := json.Marshal(parts) // strings: no error
	return sha256.Sum256(text)
}
