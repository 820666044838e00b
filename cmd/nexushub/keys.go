package main

import (
	"context"
	"os"

	"golang.org/x/sys/unix"
)

// keys gives single key presses while a terminal is there to press them, and what puts
// the terminal back as it was. Ctrl-C stays a signal and output stays as it is: only
// line editing and echo are off. Without a terminal no key ever comes.
func (c *cli) keys(ctx context.Context) (<-chan byte, func() error, error) {
	keys := make(chan byte)
	f, ok := c.in.(*os.File)
	if !ok || !isTerminal(f) || !isTerminal(c.out.Stdout) {
		return keys, func() error { return nil }, nil
	}
	fd := int(f.Fd())
	old, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, nil, err
	}
	raw := *old
	raw.Lflag &^= unix.ICANON | unix.ECHO
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &raw); err != nil {
		return nil, nil, err
	}
	restore := func() error { return unix.IoctlSetTermios(fd, unix.TCSETS, old) }
	context.AfterFunc(ctx, func() { _ = restore() }) // a second signal ends the process at once
	go read(ctx, f, keys)
	return keys, restore, nil
}

// read ends with the process at the latest: a read from a terminal cannot be undone.
func read(ctx context.Context, f *os.File, keys chan<- byte) {
	var b [1]byte
	for {
		if n, err := f.Read(b[:]); n != 1 || err != nil {
			return
		}
		select {
		case keys <- b[0]:
		case <-ctx.Done():
			return
		}
	}
}
