package detect

import (
	"regexp"
	"strings"
)

var (
	assignment = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=([^$]*)$`)
	// A word that means the same with a shell and without one. $PORT and the like are expanded in a
	// start command, too.
	simpleWord = regexp.MustCompile(`^(?:[A-Za-z0-9_./:=,@%+-]|\$(?:PORT|HOST|STATE_DIRECTORY)\b|\$\{(?:PORT|HOST|STATE_DIRECTORY)\})+$`)
)

// simple takes a command apart that needs no shell: variables that it sets, then its words.
func simple(command string) (env map[string]string, words []string, ok bool) {
	env = map[string]string{}
	for _, w := range strings.Fields(command) {
		if !simpleWord.MatchString(w) {
			return nil, nil, false
		}
		if m := assignment.FindStringSubmatch(w); m != nil && len(words) == 0 {
			env[m[1]] = m[2]
			continue
		}
		words = append(words, w)
	}
	return env, words, len(words) > 0
}
