package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// DialContext connects to an address of the machine, from inside its network. A name
// is taken as the machine itself; "unix" takes a path of the machine.
func (m *Machine) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if network == "unix" {
		address = fmt.Sprintf("/proc/%d/root%s", m.PID(), address)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	if net.ParseIP(host) == nil {
		host = "127.0.0.1"
	}
	var conn net.Conn
	err = m.inNetwork(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(host, port))
		return err
	})
	return conn, err
}

// Listen listens inside the machine's network, for servers of a test that run on the host.
func (m *Machine) Listen(network, address string) (net.Listener, error) {
	var l net.Listener
	err := m.inNetwork(func() (err error) {
		l, err = net.Listen(network, address)
		return err
	})
	return l, err
}

// Forward serves a listener of the host with an address of the machine, until the
// listener is closed.
func (m *Machine) Forward(ctx context.Context, l net.Listener, address string) error {
	var open sync.WaitGroup
	defer open.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("lab: forward: %w", err)
		}
		open.Go(func() { m.relay(ctx, c, address) })
	}
}

func (m *Machine) relay(ctx context.Context, c net.Conn, address string) {
	defer c.Close()
	inner, err := m.DialContext(ctx, "tcp", address)
	if err != nil {
		return // the peer sees the connection close, as it would see a refusal
	}
	defer inner.Close()
	stop := context.AfterFunc(ctx, func() { c.Close(); inner.Close() })
	defer stop()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(c, inner)
		c.Close()
	})
	_, _ = io.Copy(inner, c)
	_ = inner.(*net.TCPConn).CloseWrite()
	back.Wait()
}

// inNetwork calls f on a thread that is in the machine's network. Sockets keep the
// network they were made in, so f need only make one. A thread that cannot come back
// dies with its goroutine.
func (m *Machine) inNetwork(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		result <- switchNetwork(fmt.Sprintf("/proc/%d/ns/net", m.PID()), f)
	}()
	return <-result
}

func switchNetwork(path string, f func() error) error {
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	defer home.Close()
	there, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("lab: machine is not running: %w", err)
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("lab: setns %s: %w", strings.TrimPrefix(path, "/proc/"), err)
	}
	err = f()
	if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	return err
}
