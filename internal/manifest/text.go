package manifest

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWord is how many bytes an argument, or a variable with its name, has at most: with
// more, the kernel starts nothing (execve(2), MAX_ARG_STRLEN).
const maxWord = 128<<10 - 1

// CheckVariable says why no process can be given the variable, wherever it comes from;
// nil: one can. With a value that systemd refuses it would start no process at all.
func CheckVariable(name, value string) error {
	if len(name)+1+len(value) > maxWord {
		return fmt.Errorf("must not be longer than %d bytes with its name", maxWord)
	}
	return checkWord(value)
}

// checkWord says why no process can be given the text as an argument or variable.
func checkWord(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("must be valid UTF-8")
	case strings.ContainsRune(text, 0):
		return errors.New("must not hold a NUL character")
	}
	if i := strings.IndexFunc(text, isNoncharacter); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return fmt.Errorf("must not hold %U, which stands for no character", r)
	}
	return nil
}

func isNoncharacter(r rune) bool { return unicode.Is(unicode.Noncharacter_Code_Point, r) }
