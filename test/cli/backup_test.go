package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// under has one application that attacks whatever copies its folder, and one that must not suffer from it.
func under(t *testing.T, suite lab.Suite) *lab.Host {
	t.Helper()
	h := lab.NewHost(t, suite)
	h.CopyExample(t, "hello")
	h.Sh(t, `nexushub deploy -q /srv/hello --name victim
nexushub deploy -q /srv/hello --name evil
nexushub exec victim -- sh -c 'echo precious >$STATE_DIRECTORY/data'
nexushub exec evil -- sh -ec 'cd $STATE_DIRECTORY; mkdir d p; for f in shadow passwd gshadow; do echo mine >d/$f; done
ln -s ../../../../../etc l; mkfifo fifo; truncate -s 500G sparse; echo owned >p/h6-owned.sh; chmod 755 p/h6-owned.sh'`)
	return h
}

// While the application swaps names and cuts files, every backup has the others' files
// complete, and nothing of root's in the application's place.
func TestBackupUnderAttack(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := under(t, s)
		ctx, stop := context.WithCancel(t.Context())
		attack := h.Command(ctx, "nexushub", "exec", "evil", "--", "sh", "-c", `cd $STATE_DIRECTORY
perl -e 'while (1) { syscall(316, -100, "d", -100, "l", 2) }' &
perl -e '$n = 0; while (1) { open($f, ">", "cut"); print $f "x" x (1e6 + $n++ % 3); close $f; truncate("cut", 5e4) }'`)
		if err := attack.Start(); err != nil {
			t.Fatal(err)
		}
		out := h.Must(t, "sh", "-ec", `for n in 1 2 3 4 5 6 7 8; do
	code=0; nexushub backup --data -q /root/r.tar.gz || code=$?
	[ $code = 0 ] || [ $code = 5 ]
	tar xzOf /root/r.tar.gz --wildcards '*/d/shadow' '*/l/shadow' '*/d/passwd' '*/l/passwd' 2>/dev/null | grep root: && exit 9
	tar xzOf /root/r.tar.gz --wildcards '*/data' | grep -qx precious
done
stat -c %s /root/r.tar.gz`)
		h.Must(t, "pgrep", "-x", "perl") // or nothing was attacked
		stop()
		_ = attack.Wait()
		if size := strings.TrimSpace(out); len(size) > 8 {
			t.Errorf("an archive of %s bytes", size)
		}
		h.Sh(t, "systemctl stop nexushub-apps.slice; systemctl restart nexushubd; nexushub restore --force -q /root/r.tar.gz")
		h.AwaitState(t, "victim", api.StateRunning)
		h.Sh(t, `[ $(nexushub exec victim -- sh -c 'cat $STATE_DIRECTORY/data') = precious ]
nexushub exec evil -- sh -c 'cd $STATE_DIRECTORY; stat -c "%s %b" sparse' | { read -r size blocks; [ $size = 536870912000 ]; [ $blocks -lt 1000 ]; }`)
	})
}

// The links are put there after the backup, by an application and by a proxy that was
// taken over: restoring follows none.
func TestRestoreFollowsNoLink(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := under(t, s)
		h.Sh(t, `runuser -u _nexushub-proxy -- sh -ec 'mkdir -p /var/lib/nexushub-proxy/acme; echo owned >/var/lib/nexushub-proxy/acme/h6-proxy.sh'
before=$(stat -c '%a %U %i' /etc/profile.d; ls /etc/profile.d)
nexushub backup --data -q /root/b.tar.gz
nexushub exec evil -- sh -ec 'cd $STATE_DIRECTORY; mv p old; ln -s ../../../../../etc/profile.d p'
runuser -u _nexushub-proxy -- sh -ec 'cd /var/lib/nexushub-proxy; mv acme old; ln -s ../../../etc/profile.d acme'
nexushub exec evil -- sleep 1000 & # what operators run there does not stay either
nexushub restore --force -q /root/b.tar.gz
[ "$before" = "$(stat -c '%a %U %i' /etc/profile.d; ls /etc/profile.d)" ]
[ $(cat /var/lib/nexushub-proxy/acme/h6-proxy.sh) = owned ]
[ $(stat -c %U /var/lib/nexushub-proxy/acme/h6-proxy.sh) = _nexushub-proxy ]
timeout 60 sh -c 'until nexushub status evil | grep -q "state: running"; do sleep 0.1; done'
[ $(nexushub exec evil -- sh -c 'cat $STATE_DIRECTORY/p/h6-owned.sh') = owned ]
systemctl is-active -q nexushubd nexushub-proxy nexushub-proxy.socket
wait
! ls -A /etc /var/lib /var/lib/private | grep nexushub-restore`)
	})
}

// What does not start is put back, and everything runs again.
func TestRestoreThatDoesNotStartIsUndone(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := under(t, s)
		h.Sh(t, `echo 'nonsense = [' >/etc/nexushub/conf.d/bad.toml
nexushub backup -q /root/bad.tar.gz
rm /etc/nexushub/conf.d/bad.toml
code=0; nexushub restore --force -q /root/bad.tar.gz || code=$?
[ $code = 1 ]
[ ! -e /etc/nexushub/conf.d/bad.toml ]
systemctl is-active -q nexushubd nexushub-proxy
timeout 60 sh -c 'until nexushub status victim | grep -q "state: running"; do sleep 0.1; done'
! ls -A /etc /var/lib /var/lib/private | grep nexushub-restore`)
	})
}

// The disk fills up while the archive is unpacked: the old state stays and keeps running, and nothing else is left.
func TestFullDiskDuringRestore(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s)
		h.CopyExample(t, "hello")
		h.Sh(t, `nexushub deploy -q /srv/hello --name kept; systemctl stop nexushub.target
mv /var/lib/private/nexushub-apps /root/; mount -t tmpfs -o size=256M,mode=700 tmpfs /var/lib/private; mv /root/nexushub-apps /var/lib/private/
systemctl start nexushub.target`)
		h.AwaitState(t, "kept", api.StateRunning)
		h.Sh(t, `cd /var/lib/private/nexushub-apps/*; head -c 64M /dev/urandom >data; chown --reference=. data
nexushub backup --data -q /root/b.tar.gz
nexushub exec kept -- sh -c 'echo later >$STATE_DIRECTORY/later'`)
		unit := h.AwaitUnit(t, "kept")
		before := h.Identity(t, unit, "nexushubd.service", "nexushub-proxy.service")
		said := h.Sh(t, `nexushub restore --force -q /root/b.tar.gz >/root/said 2>&1 & pid=$!
timeout 60 sh -c 'until ls /var/lib/private/.nexushub-restore-*/*/data >/dev/null 2>&1; do :; done'
kill -STOP $pid
cat /dev/zero >/var/lib/private/filler || true
kill -CONT $pid
code=0; wait $pid || code=$?
rm /var/lib/private/filler; [ $code = 1 ]; cat /root/said`)
		if !strings.Contains(said, "no space left") {
			t.Errorf("says %s", said)
		}
		if after := h.Identity(t, unit, "nexushubd.service", "nexushub-proxy.service"); after != before {
			t.Errorf("units are\n%s\nwere\n%s", after, before)
		}
		h.Sh(t, `[ $(nexushub exec kept -- sh -c 'cat $STATE_DIRECTORY/later') = later ]
! ls -A /etc /var/lib /var/lib/private | grep nexushub-restore`)
	})
}

// A folder that everybody can write to is prepared for the operator's backup.
func TestBackupIntoAPreparedFolder(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s)
		h.Sh(t, `mkdir -m 777 /srv/open; echo mine >/srv/victim
runuser -u nobody -- sh -ec 'cd /srv/open; : >b.tar.gz.part; chmod 666 b.tar.gz.part; ln -s /srv/victim b.tar.gz; ln -s /etc away'
nexushub backup /srv/open/b.tar.gz 2>&1 | grep 'other users can write to /srv/open'
[ "$(stat -c '%a %U %F' /srv/open/b.tar.gz)" = "600 root regular file" ]
tar tzf /srv/open/b.tar.gz etc/nexushub/nexushub.toml
[ ! -s /srv/open/b.tar.gz.part ]; [ $(cat /srv/victim) = mine ]; [ $(ls -A /srv/open | wc -l) = 3 ]
code=0; nexushub backup /srv/open/away/b.tar.gz || code=$?
[ $code = 1 ]; [ ! -e /etc/b.tar.gz ]
chown nobody /srv/open/b.tar.gz
code=0; nexushub restore --force /srv/open/b.tar.gz || code=$?
[ $code = 4 ]`)
	})
}
