package output

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/internal/termtext"
)

// Usage is an error in the command line itself.
type Usage struct {
	Err     error
	Command string // whose help to read
}

func (u *Usage) Error() string { return u.Err.Error() }

// Unwrap gives the cause.
func (u *Usage) Unwrap() error { return u.Err }

// Exit is an exit code whose reason has been printed already.
type Exit struct{ Code int }

func (e *Exit) Error() string { return fmt.Sprintf("exit code %d", e.Code) }

// Hint is an error and what to do about it.
type Hint struct {
	Err  error
	Text string
}

func (h *Hint) Error() string { return h.Err.Error() }

// Unwrap gives the cause.
func (h *Hint) Unwrap() error { return h.Err }

// PrintError prints an error and returns the exit code.
func (p *Printer) PrintError(err error) int {
	var usage *Usage
	var exit *Exit
	switch {
	case err == nil:
		return api.ExitOK
	case errors.As(err, &exit):
		return exit.Code
	case errors.Is(err, context.Canceled):
		return api.ExitInterrupt
	case errors.As(err, &usage):
		p.errorLines(usage.Error(), "try: "+usage.Command+" --help")
		return api.ExitUsage
	}
	text, list := err.Error(), []string(nil)
	if fault := (*api.Fault)(nil); errors.As(err, &fault) {
		text, list = splitFaults(text, fault)
	} else {
		text = withoutCode(text)
	}
	p.errorLines(text, hint(err))
	for _, line := range list {
		fmt.Fprintln(p.Stderr, "  "+termtext.Text(line))
	}
	return api.CodeOf(err).Exit()
}

// withoutCode leaves out the words of a code behind a sentence of this command that says more.
func withoutCode(text string) string {
	for _, code := range []api.Code{api.Invalid, api.Conflict} {
		text = strings.TrimSuffix(text, ": "+code.Error())
	}
	return text
}

// splitFaults returns the faults line by line, each once, and what the text says before them.
// What follows them in the text ("and 12 more") becomes the last line.
func splitFaults(text string, fault *api.Fault) (head string, list []string) {
	begin, end := len(text), 0
	for _, f := range fault.Faults {
		if at, n := saidIn(text, f); n > 0 {
			begin, end = min(begin, at), max(end, at+n)
		}
		if line := f.Line(); !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	if end == 0 {
		return text, list
	}
	if more := strings.TrimLeft(text[end:], "; "); more != "" && len(list) > 1 {
		list = append(list, more)
	}
	head = strings.TrimRight(text[:begin], ": ")
	switch {
	case head == "" && len(list) == 1:
		return text, nil
	case head == "":
		head = fault.Code.Error()
	}
	return head, list
}

// saidIn finds a fault among those that a text lists, which may call its place a field, a key or a
// JSON pointer.
func saidIn(text string, f problem.Fault) (at, length int) {
	field := strings.TrimPrefix(f.Pointer, "/")
	key := strings.ReplaceAll(field, "/", ".")
	for _, words := range []string{f.Line(), field + ": " + f.Detail, field + " " + f.Detail, key + ": " + f.Detail} {
		at := strings.Index(text, words)
		if at < 0 || at > 0 && text[at-1] != ' ' {
			continue
		}
		if rest := text[at+len(words):]; rest == "" || rest[0] == ';' {
			return at, len(words)
		}
	}
	return 0, 0
}

func (p *Printer) errorLines(text, hint string) {
	fmt.Fprintln(p.Stderr, "nexushub: "+termtext.Text(text))
	if hint != "" {
		fmt.Fprintln(p.Stderr, termtext.Text(hint))
	}
}

// WithHint is an error in one line, with what to do about it.
func WithHint(err error) string {
	if todo := hint(err); todo != "" {
		return err.Error() + " (" + todo + ")"
	}
	return err.Error()
}

var (
	hostTaken    = regexp.MustCompile(`^host name \S+ is taken by `)
	unknownToken = regexp.MustCompile(`^token "`)
	unknownHost  = regexp.MustCompile(`^(\S+) has no host `)
)

// toList is the command that lists what there is of what is not found.
func toList(sentence string) string {
	if unknownToken.MatchString(sentence) {
		return "to list the tokens: nexushub token list"
	}
	if m := unknownHost.FindStringSubmatch(sentence); m != nil {
		return "to list its hosts: " + shell.Command("nexushub hosts list", m[1])
	}
	return "to list the applications: nexushub list"
}

func hint(err error) string {
	var h *Hint
	switch {
	case errors.As(err, &h):
		return h.Text
	case errors.Is(err, api.Unavailable) && strings.Contains(err.Error(), "permission denied"):
		return "members of the group nexushub may use the control socket: sudo adduser $USER nexushub, then log in again"
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "its CA is not trusted here: copy root.crt from that host (nexushub cert shows where), then: nexushub login HOST --ca root.crt --token -"
	case errors.Is(err, api.Unavailable) && strings.Contains(err.Error(), ":443: connect: connection refused"):
		return "does the host listen on another port? nexushub login HOST:8443 --token -"
	case errors.Is(err, api.Unavailable) && strings.Contains(err.Error(), api.Socket):
		return "is the agent running? systemctl status nexushubd"
	case errors.Is(err, api.Unavailable) && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)):
		return "the agent ended meanwhile, and may have done this: before you ask again, nexushub status"
	case errors.Is(err, api.NotFound):
		return toList(err.Error())
	case errors.Is(err, api.Conflict) && hostTaken.MatchString(err.Error()):
		return "names that are in use: nexushub list; to deploy under another one: --host-name NAME"
	case errors.Is(err, api.Unauthenticated):
		return "log in again: nexushub login HOST --token -"
	case errors.Is(err, api.Internal):
		return "for details: journalctl -u nexushubd"
	case errors.Is(err, api.NoSpace):
		return "to see what uses the space: nexushub status --system"
	}
	return ""
}
