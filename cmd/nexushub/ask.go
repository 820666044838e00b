package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/nexushub/nexushub/api"
)

// readSecret reads stdin to its end; at a terminal it asks, and does not show. When ctx
// ends it does not wait for what may never come, and the terminal is as it was.
func (c *cli) readSecret(ctx context.Context, prompt string) (string, error) {
	type answer struct {
		text string
		err  error
	}
	read, restore := c.readAll, func() {}
	if f, ok := c.in.(*os.File); ok && isTerminal(f) {
		fd := int(f.Fd())
		before, err := term.GetState(fd)
		if err != nil {
			return "", err
		}
		fmt.Fprint(c.out.Stderr, prompt)
		restore = func() { _ = term.Restore(fd, before); fmt.Fprintln(c.out.Stderr) }
		read = func() (string, error) {
			data, err := term.ReadPassword(fd)
			return string(data), err
		}
	}
	defer func() { restore() }()
	answered := make(chan answer, 1)
	go func() {
		text, err := read()
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// ask puts a question to the terminal; everything but yes is no. When ctx ends it does not
// wait for what may never come.
func (c *cli) ask(ctx context.Context, question string) (yes bool, err error) {
	fmt.Fprint(c.out.Stderr, question)
	answered := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(c.in).ReadString('\n') // an end of input is no answer
		answered <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answered:
		return a == "y" || a == "yes", nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (c *cli) readAll() (string, error) {
	data, err := io.ReadAll(io.LimitReader(c.in, maxSecret+1))
	switch {
	case err != nil:
		return "", err
	case len(data) == 0:
		return "", errors.New("stdin is empty: no value to read")
	case len(data) > maxSecret:
		return "", fmt.Errorf("the value has more than %d bytes: %w", maxSecret, api.TooLarge)
	}
	return string(data), nil
}
