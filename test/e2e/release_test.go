package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// release runs `make release` on a clone of this repository and returns what it
// publishes, signed by a key of the test's own.
func release(t *testing.T) string {
	t.Helper()
	root, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := `
		export GNUPGHOME=$PWD/keys GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
		unset NEXUSHUB_DIST SOURCE_DATE_EPOCH MAKEFLAGS MFLAGS VERSION
		mkdir -m 700 keys
		for who in release stranger; do
			gpg --batch --quiet --passphrase '' --quick-generate-key "$who@example.org" ed25519 sign never
		done
		gpg --batch --export stranger@example.org >stranger.gpg
		git -c safe.directory='*' clone --quiet "$1" clone
		cd clone
		sed -i '0,/^## .*/s//## 99.0.0 (unreleased)/' CHANGELOG.md
		git commit --quiet -m changelog CHANGELOG.md
		if make release VERSION=99.0 RELEASE_KEY=release@example.org; then echo "version 99.0 was released"; exit 1; fi
		if make release VERSION=99.0.0 RELEASE_KEY=nobody@example.org; then echo "nobody's key has signed"; exit 1; fi
		DEB_COMPRESSION=-z0 make release VERSION=99.0.0 RELEASE_KEY=release@example.org
		git tag --points-at HEAD | grep -x v99.0.0
		grep -E '^## 99\.0\.0 \([0-9-]+\)$' CHANGELOG.md
		cd dist/release
		sha256sum -c SHA256SUMS
		gpg --batch --verify SHA256SUMS.asc SHA256SUMS
		gpgconf --kill all`
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute) // three builds, on whatever machine
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euc", script, "release", strings.TrimSpace(string(root)))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// apt of both Debians installs from the published folder with the published key, and
// refuses it with another key or with a changed index.
func TestReleaseInstallsWithApt(t *testing.T) {
	dir := release(t)
	repository := filepath.Join(dir, "clone", "dist", "release", "apt")
	onEachBareSuite(t, func(t *testing.T, h *host) {
		h.MustInstall(t)
		for from, to := range map[string]string{repository: "/srv/apt",
			filepath.Join(dir, "stranger.gpg"): "/root/stranger.gpg"} {
			h.MustCopyIn(t, from, to)
		}
		h.Sh(t, `rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
			sed 's,https://REPOSITORY,file:/srv/apt,' /srv/apt/nexushub.sources >/etc/apt/sources.list.d/nexushub.sources
			mkdir -p /etc/apt/keyrings`)
		update := "apt-get update --error-on=any 2>&1"
		if out, err := h.TrySh(t, "cp /root/stranger.gpg /etc/apt/keyrings/nexushub.gpg; "+update); err == nil {
			t.Errorf("apt believes another key:\n%s", out)
		}
		h.Sh(t, "cp /srv/apt/nexushub.gpg /etc/apt/keyrings/; "+
			update+"; DEBIAN_FRONTEND=noninteractive apt-get install -y nexushub")
		if got := h.Sh(t, "dpkg-query -W -f '${Version}' nexushub"); got != "99.0.0" {
			t.Errorf("installed version: %s", got)
		}
		h.Must(t, "systemctl", "is-active", "nexushubd", "nexushub-proxy")
		changed := fmt.Sprintf("sed -i s/99.0.0/99.0.1/ /srv/apt/dists/stable/main/binary-*/Packages; rm /srv/apt/dists/stable/main/binary-*/Packages.gz; rm -rf /var/lib/apt/lists/*; %s", update)
		if out, err := h.TrySh(t, changed); err == nil {
			t.Errorf("apt believes a changed index:\n%s", out)
		}
	})
}
