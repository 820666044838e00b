// Package vm boots a whole virtual machine: its own kernel, cgroup v2, a disk that
// survives a power cut. It is for what a machine that shares the host's kernel
// (test/lab) cannot show. Needs qemu. Nothing is left of a machine when its test ends,
// however it ends: qemu dies with its parent and the disk has no name.
package vm

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/test/lab"
)

// bootTime bounds a boot under software emulation on a busy host.
const bootTime = 10 * time.Minute

// VM is one virtual machine. Its methods are for one goroutine.
type VM struct {
	image image
	disk  *os.File // the machine's own copy, already unlinked
	port  int      // of the host, leads to the guest's 8443

	console lockedBuffer
	channel net.Conn
	answers *json.Decoder
	exited  chan struct{}
	kill    func() error
}

// Boot starts a machine for a test; it goes with the test.
func Boot(t testing.TB, s lab.Suite) *VM {
	t.Helper()
	img, err := findImage(s, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	v := &VM{image: img}
	if v.disk, err = copyDisk(img.disk()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("console:\n%s", v.console.tail(6000))
		}
		if err := errors.Join(v.PowerCut(), v.disk.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := v.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v
}

// Start boots the machine from its disk and returns when systemd says that it runs.
func (v *VM) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	if err := v.launch(); err != nil {
		return fmt.Errorf("vm: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { v.channel.Close() })
	defer stop()
	var ready answer
	if err := v.answers.Decode(&ready); err != nil || !ready.Ready {
		return errors.Join(fmt.Errorf("vm: boot: %w\n%s", err, v.console.tail(4000)), v.PowerCut())
	}
	_, err := v.Output(ctx, "sh", "-c", "systemctl is-system-running --wait || systemctl --failed")
	return err
}

// PowerCut ends the machine as pulling the plug would. It may be started again.
func (v *VM) PowerCut() error {
	if v.exited == nil {
		return nil
	}
	if err := v.kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("vm: %w", err)
	}
	<-v.exited
	if err := v.channel.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("vm: %w", err)
	}
	return nil
}

// Reboot restarts the machine in order.
func (v *VM) Reboot(ctx context.Context) error {
	if err := v.send(request{Argv: []string{"systemctl", "reboot"}}); err != nil {
		return err
	}
	down, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	select { // -no-reboot: qemu ends where the machine would restart
	case <-v.exited:
		return v.Start(ctx)
	case <-down.Done():
		return fmt.Errorf("vm: reboot: %w", down.Err())
	}
}

func (v *VM) launch() error {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	theirs := os.NewFile(uintptr(fds[1]), "channel")
	defer theirs.Close()
	ours := os.NewFile(uintptr(fds[0]), "channel")
	defer ours.Close()
	if v.channel, err = net.FileConn(ours); err != nil {
		return err
	}
	v.answers = json.NewDecoder(v.channel)
	if v.port, err = freePort(); err != nil {
		return err
	}
	cmd := exec.Command("qemu-system-x86_64", v.arguments()...)
	cmd.ExtraFiles = []*os.File{v.disk, theirs} // 3, 4
	cmd.Stdout, cmd.Stderr = &v.console, &v.console
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return v.spawn(cmd)
}

// spawn starts qemu from a thread that lives as long as qemu: its death signal comes
// when that thread ends.
func (v *VM) spawn(cmd *exec.Cmd) error {
	started, exited := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // killed or rebooted: either is meant
		}
	}()
	err := <-started
	v.exited = exited
	v.kill = func() error {
		if cmd.Process == nil {
			return nil
		}
		return cmd.Process.Kill()
	}
	return err
}

func (v *VM) arguments() []string {
	return []string{
		"-M", "q35", "-accel", accelerator(), "-cpu", "max", "-smp", "2", "-m", "2048",
		"-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
		"-drive", "file=/proc/self/fd/3,format=raw,if=virtio,file.locking=off",
		"-kernel", v.image.kernel(), "-initrd", v.image.initrd(),
		"-append", "root=/dev/vda rw console=ttyS0 mitigations=off quiet systemd.show_status=0",
		"-nic", fmt.Sprintf("user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:%d-:8443", v.port),
		"-device", "virtio-serial", "-chardev", "socket,id=lab,fd=4", "-device", "virtserialport,chardev=lab,name=lab",
		"-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
	}
}

// accelerator is software emulation, which is the same everywhere: nested KVM may be
// there and still not boot a kernel. NEXUSHUB_VM_ACCEL=kvm is for who knows that it does.
func accelerator() string {
	if a := os.Getenv("NEXUSHUB_VM_ACCEL"); a != "" {
		return a
	}
	return "tcg,thread=multi"
}

// HTTPClient reaches the guest's port 8443 under every name, trusting ca (PEM) alone.
func (v *VM) HTTPClient(ca []byte) (*http.Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("vm: the certificate authority is not in PEM form")
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", v.port))
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: pool,
		MinVersion: tls.VersionTLS12}}
	return &http.Client{Transport: transport, Timeout: time.Minute}, nil
}

func copyDisk(from string) (*os.File, error) {
	to := filepath.Join(lab.CacheDir(), fmt.Sprintf("vm-disk-%d", time.Now().UnixNano()))
	out, err := exec.Command("cp", "--sparse=always", "--reflink=auto", from, to).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("vm: copy the disk: %w: %s", err, out)
	}
	defer os.Remove(to)
	return os.OpenFile(to, os.O_RDWR, 0)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// lockedBuffer is written by qemu's copier and read by the test.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) tail(n int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.buf.String()
	return strings.ToValidUTF8(s[max(0, len(s)-n):], "?")
}
