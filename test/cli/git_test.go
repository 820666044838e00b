package cli

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// pusher prepares a repository of a site, whose owner has tokens.
const pusher = `
useradd -m -s /bin/bash dev
nexushub token create ci --role developer --app shop --json >/root/ci; nexushub token create eyes --role viewer --app shop --json >/root/eyes
token() { sed -n 's/.*"\(token\|secret\)": *"\([^"]*\)".*/\2/p' /root/$1; }
for t in ci eyes; do
	printf 'https://x:%s@admin.yesterday.localhost:8443\n' "$(token $t)" >/home/dev/$t; chown dev /home/dev/$t
done
cat >/home/dev/.gitconfig <<'END'
[user]
	name = A
	email = a@example.org
[http]
	sslCAInfo = /home/dev/root.crt
[credential]
	helper = store --file /home/dev/ci
END
install -m 644 ` + lab.RootCA + ` /home/dev/root.crt
runuser -u dev -- sh -ec 'cd; git init -q -b main shop; cd shop; echo "<h1>one</h1>" >index.html; git add .; git commit -qm one
	git remote add nexushub https://admin.yesterday.localhost:8443/git/shop'
`

func TestGitPush(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s, "git")
		h.Sh(t, pusher)
		dev := func(script string) string {
			return "runuser -u dev -- env HOME=/home/dev GIT_TERMINAL_PROMPT=0 sh -c 'cd ~/shop; " + script + "' 2>&1"
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
		page := "curl -s --cacert " + lab.RootCA + " https://shop.yesterday.localhost:8443/"
		commit := `git add .; git commit -qm next; git push nexushub main; echo code=$?`

		// Who only looks makes no application.
		want(dev("git ls-remote nexushub; git push --dry-run nexushub main; echo code=$?"), "nothing can be fetched", "[new branch]",
			"code=0")
		want(`nexushub list --json; ls /var/lib/private/nexushub-git | wc -l`, "[]\n0")
		want(dev("git push nexushub main; echo code=$?"), "remote: running at https://shop.yesterday.localhost:8443/", "code=0")
		want(page, "<h1>one</h1>")
		h.AwaitState(t, "shop", api.StateRunning)
		want(dev(`echo "<h1>two</h1>" >index.html; `+commit), "code=0")
		want(page, "<h1>two</h1>")

		// One that fails is refused with the reason, and the next one mends it.
		want(dev(`printf "web: sh -c \"echo boom; exit 3\"\n" >Procfile; `+commit), "remote: ", "exit status 3", "boom",
			"pre-receive hook declined", "code=1")
		want(dev(`git rm -q -f Procfile; echo "<h1>three</h1>" >index.html; `+commit), "code=0")
		want(page, "<h1>three</h1>")

		// What needs a build is built, and one that fails is refused with what it said.
		h.Sh(t, "printf '[build]\\nunfiltered = true\\n' >/etc/nexushub/conf.d/build.toml; systemctl reload nexushubd")
		want(dev(`mkdir static; printf "[build]\ncommand = \"echo building; cp index.html static/\"\n" >nexushub.toml; touch static/.keep; `+
			commit), "remote: building", "code=0")
		want(dev(`printf "[build]\ncommand = \"echo it does not compile; exit 2\"\n" >nexushub.toml; `+commit),
			"remote: it does not compile", "because the build has failed", "code=1")
		want(page, "<h1>three</h1>")
		want(dev(`git rm -rq -f nexushub.toml static; `+commit), "code=0")

		// Two at once: one after the other, and the second starts from an old state.
		want(dev(`git clone -q . ../other; (cd ../other; echo four >index.html; git commit -qam four)
			echo five >index.html; git commit -qam five
			git push nexushub main & git -C ../other push https://admin.yesterday.localhost:8443/git/shop.git main; wait; echo both`),
			"rejected", "both")

		// Who may not, and who is nobody.
		want(dev(`git -c credential.helper= -c credential.helper="store --file /home/dev/eyes" push nexushub main:master; echo code=$?`),
			"this needs the role developer", "code=128")
		want(dev(`git -c credential.helper= push nexushub main:master; echo code=$?`), "could not read Username", "code=128")
		want(dev(`git push https://admin.yesterday.localhost:8443/git/blog main; echo code=$?`), "is not among them", "code=128")
		want(dev(`git -c credential.helper= push https://x:wrong@admin.yesterday.localhost:8443/git/shop main; echo code=$?`),
			"Authentication failed", "code=128")

		// The agent dies while a push waits for an application that does not become healthy.
		want(dev(`git checkout -q main; printf "web: sleep 1000\n" >Procfile; git add .; git commit -qm slow; touch /tmp/slow
			git push -f nexushub main & echo begun`)+`; until pgrep -f "[g]it receive-pack --stateless" >/dev/null; do sleep 0.1; done
			systemctl kill --signal=KILL nexushubd; while pgrep -f "[g]it receive-pack --stateless" >/dev/null; do sleep 0.1; done
			until nexushub list >/dev/null 2>&1; do sleep 0.1; done; echo gone`, "gone")
		want(dev(`git rm -q Procfile; echo six >index.html; git add .; git commit -qm six; git push -f nexushub main; echo code=$?`),
			"code=0")
		want(page, "six")

		// What a forced push replaces is gone, and the history has a limit.
		want(`printf '[git]\nmax_size = "1M"\n' >/etc/nexushub/conf.d/git.toml; systemctl restart nexushubd; echo restarted`, "restarted")
		want(dev(`head -c 900000 /dev/urandom >big; git add .; git commit -qm big; git push nexushub main; echo code=$?`), "code=0")
		want(dev(`head -c 900000 /dev/urandom >big; git commit -qam bigger; git push nexushub main; echo code=$?`),
			"remote: its history has 1 MiB, and a repository keeps 1 MiB at most (git.max_size in nexushub.toml)", "code=1")
		want(dev(`git push -f nexushub $(git commit-tree -m start HEAD^{tree}):refs/heads/main; echo code=$?`), "code=0")
		want(`[ $(du -sk /var/lib/private/nexushub-git/*/repository | cut -f 1) -lt 1200 ] && echo small`, "small")

		// Nothing is left but the repository, which is nobody else's; no log has a token.
		want(`systemctl list-units --all 'nexushub-git-*' --no-legend | wc -l`, "0")
		want(`stat -c %a /var/lib/private/nexushub-git/*/repository`, "700")
		want(`journalctl -q | grep -c "$(sed -n 's/.*x:\(.*\)@.*/\1/p' /home/dev/ci)"`, "0")
		want(`nexushub backup -q /root/b.tar.gz; tar tzf /root/b.tar.gz | grep -c 'nexushub-git/.*/repository/HEAD'`, "1")
		want(`nexushub remove --yes shop; ls /var/lib/private/nexushub-git | wc -l`, "0")
		h.Sh(t, "mv /usr/bin/git /usr/bin/git.away")
		want(`curl -s --cacert `+lab.RootCA+` -u "$(sed -n 's,https://\(.*\)@.*,\1,p' /home/dev/ci)" `+
			`"https://admin.yesterday.localhost:8443/git/shop/info/refs?service=git-receive-pack"`, "apt install git")
	})
}
