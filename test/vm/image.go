package vm

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/nexushub/nexushub/test/lab"
)

// packages make a machine that boots on its own, with a runtime that looks for its limits.
const packages = "default-jre-headless,systemd,systemd-sysv,dbus,libnss-systemd,ca-certificates,curl,procps,iproute2,udev,initramfs-tools,linux-image-cloud-amd64"

// finish lets the guest program start with the machine and be found by the tests, and
// keeps the first boot from doing what later boots do not.
const finish = `set -e
cat >/etc/systemd/system/lab-guest.service <<END
[Unit]
Description=Command channel of the tests
After=dev-virtio\\x2dports-lab.device
[Service]
ExecStart=/usr/local/sbin/lab-guest
Restart=always
RestartSec=100ms
Environment=HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
StartLimitIntervalSec=0
[Install]
WantedBy=multi-user.target
END
systemctl enable lab-guest.service
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
	ln -sf /dev/null /etc/systemd/system/$unit
done
echo vm >/etc/hostname
printf '127.0.0.1 localhost vm\n' >/etc/hosts
printf '/dev/vda / ext4 rw 0 1\n' >/etc/fstab
mkdir -p /etc/systemd/network
printf '[Match]\nType=ether\n[Network]\nDHCP=yes\n' >/etc/systemd/network/80-lab.network
systemctl enable systemd-networkd.service
systemctl disable systemd-networkd-wait-online.service 2>/dev/null || true
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
`

//go:embed guest/main.go
var guestSource string

// image is a cached folder with disk, kernel and initrd.
type image struct{ dir string }

func (i image) disk() string   { return filepath.Join(i.dir, "disk") }
func (i image) kernel() string { return filepath.Join(i.dir, "vmlinuz") }
func (i image) initrd() string { return filepath.Join(i.dir, "initrd.img") }

// findImage returns the image of a suite, building it first (about a minute).
func findImage(s lab.Suite, progress io.Writer) (image, error) {
	sum := sha256.Sum256([]byte(packages + finish + guestSource))
	dir, err := lab.Cached("vm-"+string(s)+"-"+hex.EncodeToString(sum[:6]), progress,
		func(dir string) error { return build(s, dir) })
	return image{dir}, err
}

func build(s lab.Suite, dir string) error {
	root := dir + "/root"
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	_, source, _, _ := runtime.Caller(0)
	here := filepath.Join(filepath.Dir(source), "guest")
	steps := []*exec.Cmd{
		exec.Command("mmdebstrap", "--quiet", "--variant=minbase", "--include="+packages,
			`--customize-hook=chroot "$1" sh -c "$VM_FINISH"`, string(s), root),
		exec.Command("go", "build", "-trimpath", "-o", root+"/usr/local/sbin/lab-guest", here),
		exec.Command("sh", "-ec", `cp "$1"/boot/vmlinuz-* "$2/vmlinuz"; cp "$1"/boot/initrd.img-* "$2/initrd.img"`,
			"boot", root, dir),
		exec.Command("mke2fs", "-q", "-t", "ext4", "-d", root, dir+"/disk", "4G"),
		exec.Command("rm", "-rf", root),
	}
	steps[0].Env = append(os.Environ(), "VM_FINISH="+finish)
	steps[1].Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	for _, step := range steps {
		if out, err := step.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(step.Args[:2], " "), err, out)
		}
	}
	return nil
}
