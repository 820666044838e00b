package password

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a new password has to be. Length is what counts; rules about kinds of characters make
// people choose what is guessed first.
const (
	Least = 12   // characters
	Most  = 1024 // bytes
)

// ErrRule is what a new password does not meet; its text is for whoever has chosen it.
var ErrRule = errors.New("choose another password")

// Acceptable says whether a person may have a new password.
func Acceptable(name, plain string) error {
	folded := strings.ToLower(plain)
	switch {
	case !utf8.ValidString(plain) || len(plain) > Most:
		return fmt.Errorf("%w: this one has more than %d bytes, or is no text", ErrRule, Most)
	case utf8.RuneCountInString(plain) < Least:
		return fmt.Errorf("%w: it needs at least %d characters; four words are easy to remember", ErrRule, Least)
	case name != "" && strings.Contains(folded, name) && len(folded)-len(name) < Least/2:
		return fmt.Errorf("%w: this one is hardly more than the name", ErrRule)
	case kinds(folded) < 5:
		return fmt.Errorf("%w: this one has only a few different characters", ErrRule)
	}
	return nil
}

func kinds(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}
