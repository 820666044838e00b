package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// install puts a package into a root tree of which only the differences are kept: what is made for one machine at its
// first boot (keys, state) is made by each machine of its own.
const install = `mount -t tmpfs nexushub-lab "$4"; cd "$4"; mkdir upper work root
mount -t overlay -o "lowerdir=$1,upperdir=upper,workdir=work" nexushub-lab root
printf '#!/bin/sh\nexit 101\n' >root/usr/sbin/policy-rc.d; chmod 755 root/usr/sbin/policy-rc.d
cp "$2" root/tmp/nexushub.deb
chroot root env DEBIAN_FRONTEND=noninteractive apt-get install -y /tmp/nexushub.deb </dev/null
rm root/tmp/nexushub.deb root/usr/sbin/policy-rc.d; umount root
! find upper -type c | grep . || exit 1
cp -a upper "$3"`

// Installed returns the layer that a package, when it is installed, puts on top of a cached tree. It is made once for
// each package. Machines that boot with it save the time that apt takes, which has tests of its own.
func Installed(tree, deb string, progress io.Writer) (string, error) {
	data, err := os.ReadFile(deb)
	if err != nil {
		return "", fmt.Errorf("lab: %w", err)
	}
	sum := sha256.Sum256(data)
	prefix := "installed-" + filepath.Base(tree) + "-"
	layer, err := Cached(prefix+hex.EncodeToString(sum[:6]), progress, func(path string) error {
		if err := forget(prefix, 24*time.Hour); err != nil {
			return err
		}
		dir, err := os.MkdirTemp("", "nexushub-lab-")
		if err != nil {
			return err
		}
		defer os.Remove(dir)
		out, err := exec.Command("unshare", "--mount", "--", "sh", "-ec", install, "install", tree, deb, path,
			dir).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	now := time.Now()
	return layer, os.Chtimes(layer, now, now) // it is in use, see forget
}

// forget removes what was made for packages that nobody has tested for so long.
func forget(prefix string, unused time.Duration) error {
	entries, err := os.ReadDir(CacheDir())
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), prefix) || time.Since(info.ModTime()) < unused {
			continue
		}
		if err := os.RemoveAll(filepath.Join(CacheDir(), e.Name())); err != nil {
			return fmt.Errorf("lab: %w", err)
		}
	}
	return nil
}
