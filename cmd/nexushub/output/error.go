package output

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/api"
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
	}
	p.errorLines(text, hint(err))
	for _, line := range list {
		fmt.Fprintln(p.Stderr, "  "+termtext.Text(line))
	}
	return api.CodeOf(err).Exit()
}

// splitFaults returns the faults line by line, and the text without them. What follows them
// in the text ("and 12 more") becomes the last line.
func splitFaults(text string, fault *api.Fault) (head string, list []string) {
	for _, f := range fault.Faults {
		list = append(list, f.Line())
	}
	if len(list) == 0 {
		return text, nil
	}
	if len(list) == 1 && strings.TrimPrefix(list[0], "/") == strings.TrimPrefix(text, "/") {
		return text, nil
	}
	head, _, said := strings.Cut(text, list[0])
	if head = strings.TrimRight(head, ": "); !said || head == "" {
		return text, list
	}
	last := list[len(list)-1]
	if _, more, _ := strings.Cut(text, last); more != "" && len(list) > 1 {
		list = append(list, strings.TrimLeft(more, "; "))
	}
	return head, list
}

func (p *Printer) errorLines(text, hint string) {
	fmt.Fprintln(p.Stderr, "nexushub: "+termtext.Text(text))
	if hint != "" {
		fmt.Fprintln(p.Stderr, termtext.Text(hint))
	}
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
	case errors.Is(err, api.NotFound):
		return "to list the applications: nexushub list"
	case errors.Is(err, api.Unauthenticated):
		return "log in again: nexushub login HOST --token -"
	case errors.Is(err, api.Internal):
		return "for details: journalctl -u nexushubd"
	case errors.Is(err, api.NoSpace):
		return "to see what uses the space: nexushub status --system"
	}
	return ""
}
