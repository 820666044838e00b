package setup

import (
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// Who has a port is found in what the kernel says of this very process.
func TestCheckPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := CheckPort(port); err == nil || !strings.Contains(err.Error(), "pid "+strconv.Itoa(os.Getpid())) {
		t.Errorf("taken by this process: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := CheckPort(port); err != nil {
		t.Errorf("free: %v", err)
	}
}

func TestListenerOf(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	link := func(to string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(to), Mode: os.ModeSymlink | 0o777}
	}
	proc := fstest.MapFS{
		"net/tcp": {Data: []byte(head +
			"   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 71 1\n" +
			"   1: 0100007F:01BB 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 72 1\n")},
		"net/tcp6": {Data: []byte(head +
			"   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 73 1\n")},
		"7/fd/3": link("socket:[71]"), "7/comm": {Data: []byte("nginx\n")},
		"7/cgroup": {Data: []byte("1:name=systemd:/system.slice/nginx.service\n0::/system.slice/nginx.service\n")},
		"1/fd/9":   link("socket:[73]"),
		"8/fd/1":   link("socket:[72]"), "8/comm": {Data: []byte("client\n")},
	}
	for port, want := range map[int]string{
		80:   "nginx (pid 7): systemctl disable --now nginx.service",
		443:  "a socket of systemd: systemctl list-sockets",
		8080: "a program that cannot be found from here (of another container?)",
	} {
		if got := listenerOf(proc, port); got != want {
			t.Errorf("port %d: %s, want %s", port, got, want)
		}
	}
}
