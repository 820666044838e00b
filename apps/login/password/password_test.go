package password

import (
	"context"
	"errors"
	"strings"
	"testing"
)

var cheap = Cost{Memory: 64, Passes: 1, Threads: 1}

func TestHashAndCheck(t *testing.T) {
	h := NewHasher(cheap, 1)
	phc, err := h.Hash(t.Context(), "caf\u00e9 am Rhein")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("%q, %v", phc, err)
	}
	again, err := h.Hash(t.Context(), "caf\u00e9 am Rhein")
	if err != nil || again == phc {
		t.Errorf("two hashes of one password are equal: no salt, %v", err)
	}
	for plain, want := range map[string]bool{
		"caf\u00e9 am Rhein": true, "cafe\u0301 am Rhein": true, // as another keyboard composes it
		"cafe am Rhein": false, "": false,
	} {
		if ok, stale, err := h.Check(t.Context(), phc, plain); ok != want || stale || err != nil {
			t.Errorf("%q: %v, stale %v, %v", plain, ok, stale, err)
		}
	}
}

// A hash of another program, from the reference implementation's command line:
// echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1.
func TestKnownHash(t *testing.T) {
	const phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	ok, stale, err := NewHasher(cheap, 1).Check(t.Context(), phc, "password")
	if !ok || !stale || err != nil {
		t.Errorf("%v, stale %v, %v", ok, stale, err)
	}
}

// Whatever there is to check against, one hash of the same cost is computed.
func TestCheckCostsTheSame(t *testing.T) {
	h := NewHasher(cheap, 1)
	known, err := h.Hash(t.Context(), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	for _, phc := range []string{known, ""} {
		before := h.Work()
		ok, _, err := h.Check(t.Context(), phc, "wrong")
		if ok || err != nil || h.Work() != before+1 {
			t.Errorf("%q: %v, %v, %d hashes", phc, ok, err, h.Work()-before)
		}
	}
	if ok, _, err := h.Check(t.Context(), "", ""); ok || err != nil {
		t.Errorf("nothing is a password where there is none: %v", err)
	}
}

func TestDamagedHash(t *testing.T) {
	h := NewHasher(cheap, 1)
	for _, phc := range []string{
		"x", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=1,p=1 $c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=1,p=1$$",
	} {
		if ok, _, err := h.Check(t.Context(), phc, "password"); ok || !errors.Is(err, errFormat) {
			t.Errorf("%s: %v, %v", phc, ok, err)
		}
	}
}

func TestAFullHasherWaitsNoLongerThanAsked(t *testing.T) {
	h := NewHasher(cheap, 1)
	h.slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := h.Check(ctx, "", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAcceptable(t *testing.T) {
	for plain, want := range map[string]bool{
		"correct horse battery": true, "four words are fine": true, "Пароль из слов": true,
		"short": false, "": false, "aaaaaaaaaaaaaaaa": false, "abababababababab": false,
		"alice-alice-1": true, "aliceandbob1234": true, "alice.smith12": false,
		strings.Repeat("long pass ", 200): false, "not\xfftext at all": false,
	} {
		name := "alice"
		if strings.HasPrefix(plain, "alice.smith") {
			name = "alice.smith"
		}
		if err := Acceptable(name, plain); (err == nil) != want {
			t.Errorf("%q: %v", plain, err)
		}
	}
}
