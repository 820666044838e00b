package units

import (
	"fmt"
	"slices"
	"strings"
)

// separateStderr puts a helper before the command that opens a second stream to the journal
// for stderr and then becomes the command: same process, arguments untouched. Without
// it the journal cannot tell stderr (priority warning) from stdout (info).
func (c Capabilities) separateStderr(argv []string, identifier string) []string {
	switch {
	case c.ExecHelper == "":
		return argv
	case strings.HasSuffix(c.ExecHelper, "/systemd-cat"):
		return append([]string{c.ExecHelper, "--identifier=" + identifier, "--stderr-priority=warning",
			"--level-prefix=false", "--"}, argv...)
	case slices.ContainsFunc(argv, isSpecial):
		return append([]string{c.ExecHelper, "-q", identifier}, quoted(argv)...)
	}
	return append([]string{c.ExecHelper, identifier}, argv...)
}

// harmless are the bytes that come back from a transient unit's file as they went in. With
// "$", ";" and "`" systemd 252 writes what it reads otherwise after a daemon-reload, and
// 257 doubles each "$" once more.
const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _./:=@,+-%"

func isSpecial(arg string) bool {
	return strings.ContainsFunc(arg, func(r rune) bool { return !strings.ContainsRune(harmless, r) })
}

// quoted writes arguments as quoted-printable does, for nexushub-exec -q to read: "=24"
// is "$". The process itself gets them as they are.
func quoted(argv []string) []string {
	out := make([]string, len(argv))
	for i, arg := range argv {
		var b strings.Builder
		for j := range len(arg) {
			if c := arg[j]; c == '=' || strings.IndexByte(harmless, c) < 0 {
				fmt.Fprintf(&b, "=%02X", c)
			} else {
				b.WriteByte(c)
			}
		}
		out[i] = b.String()
	}
	return out
}
