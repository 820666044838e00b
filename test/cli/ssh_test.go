package cli

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// laptop prepares users of a host that sshd lets in, and dev, who has the key to all of them and
// nothing of NexusHub. ops's shell greets, and dev's ssh keeps connections, as people have it.
const laptop = `
for u in dev ops guest; do useradd -m -s /bin/bash $u; done
usermod -a -G nexushub ops
runuser -u dev -- ssh-keygen -q -t ed25519 -N '' -f /home/dev/.ssh/id_ed25519
for home in /home/ops /home/guest /root; do
	install -d -m 700 $home/.ssh; cp /home/dev/.ssh/id_ed25519.pub $home/.ssh/authorized_keys
done
chown -R ops: /home/ops/.ssh; chown -R guest: /home/guest/.ssh
sed -i '1i echo "Welcome to the box"' /home/ops/.bashrc; chown ops: /home/ops/.bashrc
cat >/home/dev/.ssh/config <<'END'
Host box kept
	HostName 127.0.0.1
	User ops
	StrictHostKeyChecking accept-new
	LocalForward 9999 127.0.0.1:22
	RemoteCommand false
Host kept
	ControlMaster auto
	ControlPath ~/.ssh/%C
	ControlPersist 1m
END
chown -R dev: /home/dev
mkdir -p /run/sshd; systemctl start ssh
cp -r /srv/hello /home/dev/hello; chown -R dev: /home/dev/hello
`

// nothingLeft fails while a process or a file of a bridge is there.
const nothingLeft = `! pgrep -fa '[d]ial-stdio' || exit 1; ls -A /tmp | grep -v '^systemd-private' || true`

func TestOverSSH(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s, "openssh-server")
		h.CopyExample(t, "hello")
		h.Sh(t, laptop)
		as := func(host, command string) string {
			return "runuser -u dev -- env HOME=/home/dev NEXUSHUB_HOST=ssh://" + host + " sh -c 'cd; " + command + "'"
		}
		want := func(script string, parts ...string) {
			t.Helper()
			out, err := h.TrySh(t, script)
			for _, part := range parts {
				if !strings.Contains(out, part) {
					t.Errorf("%s: %v\n%s\nwant %q", script, err, out, part)
				}
			}
		}
		before := h.Sh(t, "ls -A /tmp | grep -v '^systemd-private' || true")

		// Every command works, as who logs in: what root alone may do is refused to others.
		want(as("box", "nexushub deploy hello"), "https://hello.yesterday.localhost")
		want(as("box", "nexushub list"), "hello", "running")
		want(as("box", "nexushub deploy hello --json | head -c 1"), "{")
		want(as("ops@127.0.0.1:22", "nexushub status hello"), "state: running")
		want(as("box", "nexushub logs --json hello | head -1"), `"message"`)
		want(as("box", "echo s3cret | nexushub secret set hello KEY; echo code=$?"), "code=4")
		want(as("root@box", "echo s3cret | nexushub secret set hello KEY && nexushub secret list hello"), "KEY")
		want(as("root@box", "nexushub exec hello -- sh -c \"echo key=\\$KEY; exit 7\"; echo code=$?"), "key=s3cret", "code=7")
		want(as("box", "nexushub stop hello; nexushub start hello; nexushub remove --yes hello; nexushub list"), "removed", "no applications")
		want(as("kept", "timeout 20 nexushub list; echo code=$?; ssh -O exit kept"), "code=0")

		// What is in the way is named, with what to do.
		want(as("guest@box", "nexushub list; echo code=$?"), "permission denied", "adduser $USER nexushub", "code=1")
		want(as("nobody@box", "nexushub list; echo code=$?"), "Permission denied (publickey", "ssh alone must work", "code=1")
		want(as("127.0.0.1:23", "nexushub list; echo code=$?"), "Connection refused", "code=1")
		want(as("box", "nexushub setup --domain example.org; echo code=$?"), "works on the host itself", "code=1")
		h.Sh(t, "mv /usr/bin/nexushub /root/laptop-nexushub; chmod 755 /root; chmod 755 /root/laptop-nexushub")
		want(as("box", "/root/laptop-nexushub list; echo code=$?"), "install NexusHub there", "code=1")
		h.Sh(t, "mv /root/laptop-nexushub /usr/bin/nexushub; chmod 700 /root")

		// However it ends, nothing stays: at its end, by Ctrl-C, by a kill, when the agent restarts.
		want(as("box", "nexushub deploy hello"), "https://hello.yesterday.localhost")
		for _, signal := range []string{"INT", "KILL", "HUP"} {
			h.Sh(t, `systemd-run --quiet --unit=follow --uid=dev -E HOME=/home/dev -E NEXUSHUB_HOST=ssh://box nexushub logs -f hello
				until journalctl -q --sync && journalctl -q -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID follow) | grep -q 'hello listens'; do sleep 0.1; done
				systemctl restart nexushubd; sleep 1
				systemctl is-active follow; systemctl kill --kill-whom=main --signal=`+signal+` follow
				while pgrep -f [d]ial-stdio >/dev/null; do sleep 0.1; done; systemctl reset-failed follow 2>/dev/null || true`)
		}
		if after := h.Sh(t, nothingLeft); after != before {
			t.Errorf("left in /tmp: %s", after)
		}
	})
}
