package proxy

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// hungUp asks the kernel, without waiting, whether the peer has closed its side.
// Bytes that it sent before, such as TLS's goodbye, do not hide that.
func hungUp(c net.Conn) bool {
	sc, ok := rawOf(c).(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	hung := false
	err = raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(p, 0)
		hung = err == nil && n > 0 && p[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	return hung || err != nil
}
