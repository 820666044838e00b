package bridge

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nexushub/nexushub/api"
)

// options are those that one command needs, whatever the user's configuration says beside them:
// nothing of it may listen, forward or run another command for us.
var options = []string{"-x", "-a", "-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none",
	"-o", "ServerAliveInterval=15"}

// uninterrupted lets ssh live through Ctrl-C, which a terminal sends to all: we may have
// something left to say to the host, and end ssh ourselves.
const uninterrupted = `trap "" INT QUIT; exec "$0" "$@"`

// maxNoise is how much a login shell may print before the far end says hello.
const maxNoise = 64 << 10

// patience is how long ssh may take to end when its work is done.
const patience = 2 * time.Second

// Bridge is a way to the control socket of another host.
type Bridge struct {
	target Target
	socket string
	stderr io.Writer

	mu    sync.Mutex // guards the fields that follow
	first *link      // nobody uses it yet
	links []*link
}

// Ended is the error when ssh, or the command at the far end, has ended before it said hello.
// What it said is on stderr already.
type Ended struct {
	Target Target
	Code   int
}

func (e *Ended) Error() string {
	return fmt.Sprintf("no connection to %s: ssh ended with exit code %d", e.Target, e.Code)
}

// ErrNoSSH says that there is no ssh to run.
var ErrNoSSH = errors.New("ssh is not installed here")

// Open connects, so that whatever is in the way is known at once.
func Open(ctx context.Context, target Target, socket string, stderr io.Writer) (*Bridge, error) {
	t := &Bridge{target: target, socket: socket, stderr: stderr}
	l, err := t.connect(ctx)
	if err != nil {
		return nil, err
	}
	t.first = l
	return t, nil
}

// Dial returns the connection that is there, and afterwards makes new ones, for a client that
// has lost it.
func (t *Bridge) Dial(ctx context.Context) (net.Conn, error) {
	t.mu.Lock()
	l := t.first
	t.first = nil
	t.mu.Unlock()
	if l != nil {
		return l.conn, nil
	}
	l, err := t.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, api.Unavailable)
	}
	return l.conn, nil
}

// Client speaks through the bridge.
func (t *Bridge) Client() *api.Client {
	return api.NewBridgeClient(t.target.String(), protocols(), t.Dial)
}

// Close ends all that was begun.
func (t *Bridge) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.links {
		l.end()
	}
}

// link is one ssh.
type link struct {
	conn  *stream
	cmd   *exec.Cmd
	stdin io.Closer
	gone  chan struct{}
	err   error // when gone
}

func (t *Bridge) connect(ctx context.Context) (*link, error) {
	ssh, err := exec.LookPath("ssh")
	if err != nil {
		return nil, ErrNoSSH
	}
	far := []string{"nexushub dial-stdio"}
	if t.socket != api.Socket {
		far = []string{"nexushub dial-stdio --socket", t.socket}
	}
	argv := append([]string{"-c", uninterrupted, ssh}, t.target.Command(false, far...)[1:]...)
	l := &link{cmd: exec.Command("/bin/sh", argv...), gone: make(chan struct{})}
	// A user's ControlPersist leaves a process behind that holds stderr, for which nobody waits.
	l.cmd.Stderr, l.cmd.WaitDelay = t.stderr, patience
	stdin, err := l.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	l.stdin = stdin
	r := bufio.NewReader(stdout)
	l.conn = newStream(r, stdin, func() { stdin.Close() })
	defer context.AfterFunc(ctx, func() { _ = l.cmd.Process.Signal(syscall.SIGTERM) })()
	err = awaitHello(r)
	go l.wait()
	if err != nil {
		l.end()
		return nil, t.ended(ctx, l, err)
	}
	t.mu.Lock()
	t.links = append(t.links, l)
	t.mu.Unlock()
	return l, nil
}

func awaitHello(r *bufio.Reader) error {
	for read := 0; read < maxNoise; {
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if strings.HasSuffix(string(line), hello) {
			return nil
		}
		read += len(line)
	}
	return errors.New("it prints something else than NexusHub does")
}

// ended says why there was no hello.
func (t *Bridge) ended(ctx context.Context, l *link, err error) error {
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(l.err, &exit) && exit.ExitCode() > 0:
		return &Ended{t.target, exit.ExitCode()}
	}
	return fmt.Errorf("no connection to %s: %w: %w", t.target, err, api.Unavailable)
}

// wait is called once. Of pipes that are still open only what is left in them is lost.
func (l *link) wait() {
	l.err = l.cmd.Wait()
	close(l.gone)
}

// end closes the stream, at which the far end and then ssh end by themselves.
func (l *link) end() {
	l.stdin.Close()
	select {
	case <-l.gone:
	case <-time.After(patience):
		_ = l.cmd.Process.Kill()
		<-l.gone
	}
}
