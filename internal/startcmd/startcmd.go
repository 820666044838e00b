// Package startcmd reads the variables in the words of a start command, as a manifest's
// exec has them: $NAME and ${NAME} stand for a value, $$ for a dollar sign. A dollar sign
// before anything else is itself. Words are never split and values never read again.
//
// What a shell is given to run (sh -c TEXT) stays as it is: the shell finds the same
// variables in its environment, and its text has dollar signs of its own.
package startcmd

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Sentinels of Expand and Check.
var (
	ErrSyntax  = errors.New("malformed variable")
	ErrUnknown = errors.New("unknown variable")
	ErrSecret  = errors.New("secret in a start command")
)

var (
	reference = regexp.MustCompile(`\$(\$|[A-Za-z_][A-Za-z0-9_]*|\{[^}]*\}?)`)
	inBraces  = regexp.MustCompile(`^\{[A-Za-z_][A-Za-z0-9_]*\}$`)
)

// Expand returns words with the values of vars in place of their names. It fails with
// ErrSyntax or ErrUnknown.
func Expand(words []string, vars map[string]string) ([]string, error) {
	out := slices.Clone(words)
	for i, word := range words {
		if isShellText(words, i) {
			continue
		}
		var fault error
		out[i] = reference.ReplaceAllStringFunc(word, func(ref string) string {
			if ref == "$$" {
				return "$"
			}
			name, err := nameOf(ref)
			value, known := vars[name]
			if err == nil && !known {
				err = fmt.Errorf("%w %s, known are %s", ErrUnknown, name,
					strings.Join(slices.Sorted(maps.Keys(vars)), ", "))
			}
			if err != nil && fault == nil {
				fault = fmt.Errorf("exec: %q: %w; write $$ for a dollar sign", word, err)
			}
			return value
		})
		if fault != nil {
			return nil, fault
		}
	}
	return out, nil
}

// Check says whether Expand would succeed with variables of these names. One that has
// the name of a secret fails with ErrSecret: every user of the host sees the arguments of
// a process.
func Check(words, known, secrets []string) error {
	vars := make(map[string]string, len(known))
	for _, name := range known {
		vars[name] = ""
	}
	for _, name := range Names(words) {
		if slices.Contains(secrets, name) {
			return fmt.Errorf("exec: %w: %s is a secret, which every user of the host would see among the arguments: "+
				"let the program read it from its environment", ErrSecret, name)
		}
	}
	_, err := Expand(words, vars)
	return err
}

// CheckSyntax says whether Expand would succeed if all variables were known.
func CheckSyntax(words []string) error { return Check(words, Names(words), nil) }

// Names are the variables that words refer to, sorted.
func Names(words []string) []string {
	found := map[string]bool{}
	for i, word := range words {
		if isShellText(words, i) {
			continue
		}
		for _, ref := range reference.FindAllString(word, -1) {
			if name, err := nameOf(ref); err == nil && ref != "$$" {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Refers says whether Expand would change words, or refuse them.
func Refers(words []string) bool {
	for i, word := range words {
		if !isShellText(words, i) && reference.MatchString(word) {
			return true
		}
	}
	return false
}

func nameOf(ref string) (string, error) {
	name := ref[1:]
	if name[0] != '{' {
		return name, nil
	}
	if !inBraces.MatchString(name) {
		return "", fmt.Errorf("%w %s: ${NAME} is all there is, no shell reads it", ErrSyntax, ref)
	}
	return name[1 : len(name)-1], nil
}

var (
	shells     = []string{"sh", "ash", "bash", "dash", "ksh", "mksh", "zsh", "fish", "csh", "tcsh"}
	textFlag   = regexp.MustCompile(`^-[a-zA-Z]*c$`)
	optionFlag = regexp.MustCompile(`^[-+][a-zA-Z]*[oO]$`) // bash -Eeuo pipefail -c TEXT
)

// isShellText says whether the word is what a shell is to run: it follows -c, alone or
// behind other letters (-ec), and between that and the shell are only flags. The shell may
// stand anywhere: env and wrappers come before it.
func isShellText(words []string, i int) bool {
	if i < 2 || !textFlag.MatchString(words[i-1]) {
		return false
	}
	shell := i - 2
	for shell > 0 && (strings.HasPrefix(words[shell], "-") || optionFlag.MatchString(words[shell-1])) {
		shell--
	}
	return slices.Contains(shells, path.Base(words[shell]))
}
