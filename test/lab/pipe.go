package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
)

// pipe runs from | to and reports the faults of both.
func pipe(from, to *exec.Cmd) error {
	var stderr bytes.Buffer
	from.Stderr, to.Stderr = &stderr, &stderr
	r, err := from.StdoutPipe()
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	to.Stdin = r
	if err := from.Start(); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if err := errors.Join(to.Run(), from.Wait()); err != nil {
		return fmt.Errorf("lab: copy: %w: %s", err, stderr.Bytes())
	}
	return nil
}
