package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// A lost host is restored on another one, with another Debian and other numbers
// of users: configuration, certificates, secrets, releases and the applications' data.
func TestRestoreOnAnotherHost(t *testing.T) {
	old := lab.NewHost(t, lab.Bookworm)
	old.CopyExample(t, "hello")
	old.Sh(t, `ln -s /usr/bin/env /srv/hello/env
nexushub deploy -q /srv/hello --name kept
echo hush | nexushub secret set kept API_KEY
printf '\377\000gr\374\337e\r\n' | nexushub secret set --credential kept key.bin
nexushub exec kept -- sh -c 'echo precious >$STATE_DIRECTORY/data'
install -m 0640 -g _nexushub-proxy /var/lib/nexushub-proxy/ca/root.crt /etc/nexushub/certs/shop.note
nexushub backup --data -q /root/backup.tar.gz`)
	dir := t.TempDir()
	if err := old.CopyOut(t.Context(), "/root/backup.tar.gz", dir); err != nil {
		t.Fatal(err)
	}

	other := &lab.Host{Machine: lab.Boot(t, lab.Options{Suite: lab.Trixie})}
	// the package's users get other numbers
	other.Sh(t, "for n in 1 2 3; do useradd --system --user-group earlier$n; done")
	other.MustInstall(t)
	other.MustCopyIn(t, filepath.Join(dir, "backup.tar.gz"), "/root/backup.tar.gz")
	other.Must(t, "nexushub", "restore", "--force", "-q", "/root/backup.tar.gz")
	other.AwaitState(t, "kept", api.StateRunning)
	got := other.Must(t, "sh", "-ec", `nexushub exec kept -- ./env sh -c 'echo $API_KEY; od -An -tx1 <$CREDENTIALS_DIRECTORY/key.bin; cat $STATE_DIRECTORY/data'
stat -c %G /etc/nexushub/certs/shop.note; stat -c %U /var/lib/nexushub-proxy/ca/root.key
systemctl is-active nexushub-proxy`)
	if want := "hush\n ff 00 67 72 fc df 65 0d 0a\nprecious\n_nexushub-proxy\n_nexushub-proxy\nactive"; strings.TrimSpace(got) != want {
		t.Errorf("on the other host: %q, want %q", got, want)
	}
	before, after := old.Must(t, "sha256sum", lab.RootCA), other.Must(t, "sha256sum", lab.RootCA)
	if before != after {
		t.Error("who trusted the old host's authority does not trust the new one's")
	}
}

// From the moment that everything is stopped until everything runs again, a restore cannot
// be interrupted: not by a reader that closes its end of the pipe, not by Ctrl-C pressed
// over and over.
func TestRestoreIsNotBrokenOff(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s)
		h.Sh(t, `nexushub backup -q /root/b.tar.gz
runs() { systemctl is-active nexushubd nexushub-proxy nexushub-proxy.socket nexushub-proxy-control.socket nexushubd.socket nexushubd-debug.socket; }
for lines in 1 2 3; do
	nexushub restore --force /root/b.tar.gz 2>&1 | head -n $lines
	runs
done
for step in stopping starting; do
	setsid nexushub restore --force /root/b.tar.gz 2>/root/said & pid=$!
	timeout 60 sh -c "until grep -q $step /root/said; do sleep 0.01; done"
	while kill -INT -- -$pid 2>/dev/null; do sleep 0.01; done
	wait $pid || [ $? = 130 ]
	runs
done
! ls -A /etc /var/lib /var/lib/private | grep nexushub-restore`)
	})
}
