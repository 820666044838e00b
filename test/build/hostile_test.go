package build_test

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// attacks are builds, and a text that deploy says of each.
var attacks = []struct{ name, command, says string }{
	{"a fork bomb", `f() { f | f & }; f; sleep 600`, "was not built"},
	{"endless output", `yes`, "took longer than 8s"},
	{"an end that never comes", `trap '' TERM INT HUP; while :; do sleep 1; done`, "took longer than 8s"},
	{"a large file", `dd if=/dev/zero of=big bs=1M count=200`, "the build failed: exit status"},
	{"a file with holes", `truncate -s 100G big`, "the build failed: exit status"},
	{"many files", `i=0; while :; do dd if=/dev/zero of=$i bs=1M count=8 2>/dev/null; i=$((i+1)); done`, "wrote more than 64M"},
	{"many files in the cache", `i=0; while :; do dd if=/dev/zero of=$HOME/$i bs=1M count=8 2>/dev/null; i=$((i+1)); done`,
		"wrote more than 64M"},
	{"many files in /tmp", `i=0; while :; do dd if=/dev/zero of=/var/tmp/$i bs=1M count=8 2>/dev/null; i=$((i+1)); done`,
		"wrote more than 64M"},
	{"memory", `python3 -c 'x = b"x" * (2 << 30)'`, "was not built"},
	{"deep folders", `python3 -c '
import os
for i in range(3000):
    os.mkdir("d"); os.chdir("d")'`, "was not built"},
	{"more entries than a package has", `mkdir many; cd many; seq 60000 | xargs touch`, "package.max_entries"},
	{"a link to a secret", `ln -s /etc/shadow shadow`, "link leads out of the package"},
	{"a link upwards", `ln -s ../../../../../etc/passwd passwd`, "link leads out of the package"},
	{"a link through a link", `ln -s . a; ln -s a/../../../x b`, "link leads out of the package"},
	{"a folder that is a link", `rm -f index.html; ln -s /etc etc; rm nexushub.toml; ln -s etc/hostname nexushub.toml`, "was not built"},
	{"a pipe", `mkfifo pipe`, "is a device, pipe or socket"},
	{"a device", `mknod disk b 8 0`, "the build failed: exit status"},
	{"a setuid program", `cp /bin/sh own; chmod 4755 own`, "the build failed: exit status"},
	{"a name that hides", `touch "$(printf 'a\001b')"`, "was not built"},
}

// secrets are files and folders of others, and sockets; a build can read or reach none of them.
const secrets = `
for f in /etc/shadow /etc/nexushub/nexushub.toml /etc/nexushub/apps.d /run/nexushub/internal-secret /run/nexushub/env /root \
	/home /var/lib/private /var/lib/private/nexushub-apps /var/lib/nexushub/state /var/lib/nexushub/secrets \
	/var/lib/nexushub/uploads /var/lib/nexushub-proxy/routes.json /var/log/journal /proc/1/environ /proc/1/root \
	/var/lib/nexushub-apps/OTHER /dev/mem /dev/kmsg /dev/sda; do
	find -L $f -maxdepth 3 -type f -exec head -c 1 {} \; 2>/dev/null | grep -q . && echo READ $f
done
ls /var/cache/private/nexushub-builds | grep -v "$(basename $HOME | cut -c 7-42)" | sed 's/^/SEEN /'
for p in /proc/[0-9]*; do stat -c %U $p; done | grep -v "^nb-" | sed 's/^/PROCESS /'
for s in /run/nexushub/api.sock /run/nexushub/debug.sock /run/nexushub/proxy.sock /run/dbus/system_bus_socket \
	/run/systemd/private /run/systemd/notify; do
	python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('$s')" 2>/dev/null && echo REACHED $s
done
ls -d /var/lib/nexushub/releases/* | grep -v "^$PWD$" | sed 's/^/SEEN /'
env | grep -E 'SECRET|TOKEN|STATE_DIRECTORY|CREDENTIALS|NOTIFY_SOCKET|LISTEN_' | sed 's/^/TOLD /'
touch /usr/x /etc/x /var/x /run/x 2>/dev/null && echo WRITTEN
systemctl list-units 2>/dev/null | head -1 | sed 's/^/BUS /'
exit 7`

func hostile(t *testing.T, h *lab.Host) {
	h.Write(t, "/etc/nexushub/conf.d/builds.toml", "[build]\ntimeout = \"8s\"\nmemory = \"1G\"\ntasks = 100\ndisk = \"64M\"\n")
	h.Reload(t)
	define(t, h, "hostile", "echo made well > index.html")
	h.Sh(t, "nexushub deploy /srv/hostile 2>&1")
	releases := h.Sh(t, "ls /var/lib/nexushub/releases")
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			define(t, h, "hostile", a.command)
			out, err := h.TrySh(t, "timeout 120 nexushub deploy --quiet /srv/hostile 2>&1")
			if err == nil || !strings.Contains(out, "was not built") || !strings.Contains(out, a.says) {
				t.Errorf("%v: %s, want %s", err, out, a.says)
			}
			leavesNothing(t, h)
			if got, err := page(h, "hostile"); err != nil || !strings.Contains(got, "made well") {
				t.Errorf("it serves %q (%v)", got, err)
			}
			if now := h.Sh(t, "ls /var/lib/nexushub/releases"); now != releases {
				t.Errorf("releases were %s and are %s", releases, now)
			}
		})
	}
	t.Run("secrets", func(t *testing.T) {
		other := strings.TrimSpace(h.Sh(t, "ls /var/lib/nexushub-apps | head -1"))
		define(t, h, "hostile", strings.ReplaceAll(secrets, "OTHER", other))
		out, err := h.TrySh(t, "nexushub deploy /srv/hostile 2>&1")
		if err == nil || !strings.Contains(out, "the build failed: exit status 7") {
			t.Errorf("%v: %s", err, out)
		}
		for _, got := range []string{"READ", "REACHED", "SEEN", "TOLD", "WRITTEN", "PROCESS", "BUS"} {
			if strings.Contains(out, "\n  "+got+" ") {
				t.Errorf("it got something:\n%s", out)
			}
		}
	})
	t.Run("what it leaves running", func(t *testing.T) {
		define(t, h, "hostile", "setsid sleep 700 </dev/null >/dev/null 2>&1 & echo made in spite > index.html")
		h.Sh(t, "nexushub deploy /srv/hostile 2>&1")
		leavesNothing(t, h)
	})
	t.Run("more than the host gives", func(t *testing.T) {
		define(t, h, "hostile", "true", `timeout = "1h"`, `limits.memory = "2G"`)
		out, err := h.TrySh(t, "nexushub deploy /srv/hostile 2>&1")
		if err == nil || !strings.Contains(out, "build.timeout asks for 1h0m0s, and 8s is the most") ||
			!strings.Contains(out, "build.limits.memory asks for 2G, and 1G is the most") {
			t.Errorf("%v: %s", err, out)
		}
	})
}
