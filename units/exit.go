package units

import (
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Exit is how the main process of a unit ended, in the terms of waitid(2) and of systemd's
// Result. The zero value means that it has not ended, as far as is known.
type Exit struct {
	At     time.Time `json:"at,omitzero"`
	PID    int       `json:"pid,omitempty"`
	Code   int       `json:"code,omitempty"`   // 1 exited, 2 killed, 3 dumped core
	Status int       `json:"status,omitempty"` // exit status, or the signal where Code is 2 or 3
	Result string    `json:"result,omitempty"` // exit-code, signal, core-dump, watchdog, oom-kill, timeout, success...
}

// The values of Exit.Code, CLD_EXITED and following in siginfo_t.
const (
	CodeExited = 1
	CodeKilled = 2
	CodeDumped = 3
)

// NotExecuted is the exit status by which systemd and our helper say that the command
// itself could not be executed (EXIT_EXEC, systemd.exec(5)).
const NotExecuted = 203

// IsZero says that no end is known.
func (e Exit) IsZero() bool { return e.Code == 0 }

// String describes it for status and logs.
func (e Exit) String() string {
	switch {
	case e.IsZero():
		return "has not exited"
	case e.Result == "oom-kill":
		return "out of memory, killed by the kernel"
	case e.Result == "watchdog":
		return "watchdog: did not report in time, " + e.how()
	case e.Result == "timeout":
		return "timeout, " + e.how()
	}
	return e.how()
}

// how describes the exit itself: a Go program that is sent SIGABRT exits with status 2.
func (e Exit) how() string {
	switch e.Code {
	case CodeDumped:
		return "dumped core on " + e.signal()
	case CodeKilled:
		return "killed by " + e.signal()
	}
	return e.status()
}

func (e Exit) signal() string {
	if name := unix.SignalName(syscall.Signal(e.Status)); name != "" {
		return fmt.Sprintf("signal %d (%s)", e.Status, name)
	}
	return fmt.Sprintf("signal %d", e.Status)
}

func (e Exit) status() string {
	if why, ok := exitReasons[e.Status]; ok {
		return fmt.Sprintf("exit status %d: %s", e.Status, why)
	}
	return fmt.Sprintf("exit status %d", e.Status)
}

// beforeCommand says that systemd or our helper ended it, before the command began.
func (e Exit) beforeCommand() bool {
	return e.Code == CodeExited && exitReasons[e.Status] != ""
}

// exitReasons are the statuses systemd itself ends a process with before the command
// begins (systemd.exec(5), "Process Exit Codes").
var exitReasons = map[int]string{
	200: "systemd could not enter the working directory",
	203: "the command could not be executed",
	209: "systemd could not set up stdout",
	216: "systemd could not set the group",
	217: "systemd could not set the user",
	218: "systemd could not set the capabilities",
	219: "systemd could not set up the control group",
	226: "systemd could not set up the mount namespace",
	228: "systemd could not set up the system call filter",
	235: "systemd could not change the owner of a directory",
	238: "systemd could not set up the state directory",
	243: "systemd could not load the credentials",
}
