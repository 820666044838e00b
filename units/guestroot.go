package units

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nexushub/nexushub/internal/beneath"
)

// Where an application in a guest network finds its package and its state.
const (
	guestApp   = "/app"
	guestState = "/db"
	guestRoots = "/run/nexushub/guest"
)

// guestRoot is the root folder of one guest: mount points, links and its hosts file.
// Without a root of its own, /app and /db would be created in the host's.
func guestRoot(service string) string { return guestRoots + "/" + base(service) }

// hostFiles are what a guest sees of the host, read-only, where it exists.
var hostFiles = []string{
	"/usr", "/etc/ssl", "/etc/ca-certificates", "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime",
	"/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/mime.types",
	"/run/systemd/journal/stdout", "/run/systemd/journal/socket", "/run/systemd/journal/dev-log",
}

// The certificate of the proxy's authority is copied, not mounted: the folder is the
// proxy's, and PID 1 would mount whatever a link there leads to.
const (
	proxyState = "/var/lib/nexushub-proxy"
	rootCert   = "ca/root.crt"
)

func (s Spec) guestFiles(p *properties) {
	p.set("RootDirectory", guestRoot(s.UnitName()))
	p.set("MountAPIVFS", true)
	binds := []bindMount{{Source: s.Directory, Target: guestApp}}
	for _, f := range hostFiles {
		binds = append(binds, bindMount{Source: f, Target: f, IgnoreMissing: true})
	}
	if s.Database != "" {
		binds = append(binds, bindMount{Source: databaseSocket, Target: databaseSocket, IgnoreMissing: true})
	}
	p.set("BindReadOnlyPaths", binds)
	p.set("ProtectHome", "yes")
}

// prepareGuest makes the root folder. /db is a link, not a mount, because systemd 257
// shows the state directory through an id-mapped mount of its own.
func (s Spec) prepareGuest() error {
	root := guestRoot(s.UnitName())
	if err := os.RemoveAll(root); err != nil {
		return fmt.Errorf("root of the guest: %w", err)
	}
	for _, dir := range []string{"app", "usr", "etc", "proc", "sys", "dev", "run", "tmp", "var/tmp", "var/lib"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return fmt.Errorf("root of the guest: %w", err)
		}
	}
	links := map[string]string{"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
	if s.State != "" {
		links[guestState] = "var/lib/" + s.State
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("root of the guest: %w", err)
		}
	}
	hosts := fmt.Sprintf("127.0.0.1 localhost internal.%s %s\n::1 localhost\n", s.Domain, s.HostName)
	if err := os.WriteFile(filepath.Join(root, "etc/hosts"), []byte(hosts), 0o644); err != nil {
		return fmt.Errorf("root of the guest: %w", err)
	}
	return copyCert(proxyState, root+proxyState)
}

// copyCert copies nothing when the proxy has no authority of its own, or one that cannot be
// read safely: the guest then has none to trust.
func copyCert(from, to string) error {
	dir, err := beneath.Folder(from)
	if err != nil {
		return nil
	}
	defer dir.Close()
	cert, err := dir.ReadFile(rootCert, 64<<10)
	if err != nil {
		return nil
	}
	to = filepath.Join(to, rootCert)
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, cert, 0o644)); err != nil {
		return fmt.Errorf("root of the guest: %w", err)
	}
	return nil
}
