// Command guest runs inside the virtual machine: one JSON request per line on a
// virtio-serial port, one JSON answer per line back. It is how tests talk to a machine
// that they do not share a kernel with, without a network.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

const port = "/dev/virtio-ports/lab"

type request struct {
	Argv  []string `json:"argv"`
	Stdin []byte   `json:"stdin,omitempty"`
}

type answer struct {
	Ready  bool   `json:"ready,omitempty"`
	Stdout []byte `json:"stdout"`
	Stderr []byte `json:"stderr"`
	Code   int    `json:"code"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1)
	}
}

func run() error {
	f, err := os.OpenFile(port, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	out, in := json.NewEncoder(f), json.NewDecoder(f)
	if err := out.Encode(answer{Ready: true}); err != nil {
		return err
	}
	for {
		var r request
		if err := in.Decode(&r); err != nil {
			return err
		}
		if err := out.Encode(execute(r)); err != nil {
			return err
		}
	}
}

func execute(r request) answer {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(r.Argv[0], r.Argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(r.Stdin), &stdout, &stderr
	err := cmd.Run()
	a := answer{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		a.Code = exit.ExitCode()
	case err != nil:
		a.Code, a.Stderr = 127, []byte(err.Error())
	}
	return a
}
