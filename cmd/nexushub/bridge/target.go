// Package bridge reaches the control socket of another host over the user's own ssh, with its
// configuration, agent and jump hosts. One ssh carries all requests of a command: at its far
// end `nexushub dial-stdio` passes them to the socket, as the user who has logged in there.
// Nothing is left behind, however either side ends, because nothing is but the two processes.
package bridge

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/nexushub/nexushub/internal/shell"
)

// Scheme begins the names of hosts that are reached by ssh.
const Scheme = "ssh://"

// Target is where ssh goes. The host may be one of the user's own ssh_config.
type Target struct{ User, Host, Port string }

// What ssh passes to a shell (ProxyCommand, Match exec) and what it could take for an option
// has no place in a name.
var (
	userName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@+-]*\$?$`)
	hostName = regexp.MustCompile(`^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$`)
)

// Parse reads ssh://[USER@]HOST[:PORT].
func Parse(s string) (t Target, err error) {
	u, err := url.Parse(s)
	if err != nil || !strings.HasPrefix(s, Scheme) {
		return t, fmt.Errorf("%q must be ssh://[USER@]HOST[:PORT]", s)
	}
	t = Target{u.User.Username(), u.Hostname(), u.Port()}
	_, password := u.User.Password()
	switch {
	case password:
		return t, fmt.Errorf("%q must not have a password: ssh asks for it, or takes a key", u.Redacted())
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "", u.ForceQuery:
		return t, fmt.Errorf("%q must end with the host or its port", s)
	case !hostName.MatchString(t.Host):
		return t, fmt.Errorf("%q: %q is not the name of a host", s, t.Host)
	case u.User != nil && !userName.MatchString(t.User):
		return t, fmt.Errorf("%q: %q is not the name of a user", s, t.User)
	}
	return t, nil
}

func (t Target) String() string {
	if t.User != "" {
		return t.User + "@" + t.Host
	}
	return t.Host
}

// Command is the line that runs a command there, in the user's own terminal if that is wanted.
func (t Target) Command(terminal bool, command ...string) []string {
	tty := "-T"
	if terminal {
		tty = "-t"
	}
	return append(append([]string{"ssh", tty}, options...), t.login(command)...)
}

// login is what follows the options: who, where and what. ssh hands the words to a shell.
func (t Target) login(command []string) (args []string) {
	if t.User != "" {
		args = append(args, "-l", t.User)
	}
	if t.Port != "" {
		args = append(args, "-p", t.Port)
	}
	return append(args, "--", t.Host, shell.Command(command[0], command[1:]...))
}
