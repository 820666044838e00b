#!/bin/sh
# release.sh VERSION: dates the changelog, commits and tags it, then builds what is
# published into dist/release: the packages of both architectures, SHA256SUMS with a
# signature, and a signed apt repository. RELEASE_KEY names the OpenPGP key. Nothing is
# pushed: it says at the end what to push. After a fault it can be run again.
set -eu
version=${1:-} key=${RELEASE_KEY:-}
cd "$(dirname "$0")/.."
fail() { echo "release: $*" >&2; exit 1; }

echo "$version" | grep -qxE '[0-9]+\.[0-9]+\.[0-9]+' ||
	fail "VERSION=$version is invalid: it takes three numbers, as in VERSION=0.2.0"
[ -n "$key" ] || fail "RELEASE_KEY is missing: the OpenPGP key that signs, as gpg --list-secret-keys shows it"
gpg --batch --list-secret-keys "$key" >/dev/null 2>&1 || fail "gpg has no secret key for RELEASE_KEY=$key"
[ -z "$(git status --porcelain)" ] || fail "the work tree has changes: commit them first"

if ! git rev-parse -q --verify "refs/tags/v$version" >/dev/null; then
	grep -qx "## $version (unreleased)" CHANGELOG.md || fail "CHANGELOG.md has no line \"## $version (unreleased)\""
	sed -i "s/^## $version (unreleased)$/## $version ($(date -u +%F))/" CHANGELOG.md
	git commit -q -m "release: $version" CHANGELOG.md
	git tag -a -m "NexusHub $version" "v$version"
fi
[ "$(git rev-parse "v$version^{commit}")" = "$(git rev-parse HEAD)" ] ||
	fail "v$version is another commit than HEAD: git checkout v$version, or choose the next version"

out=dist/release
rm -rf "$out"
mkdir -p "$out"
for arch in amd64 arm64; do
	make --no-print-directory deb ARCH=$arch VERSION="$version"
	mv "dist/nexushub_${version}_$arch.deb" "$out"
	packaging/check-deb.sh "$out/nexushub_${version}_$arch.deb" $arch
done
(cd "$out" && sha256sum ./*.deb | sed 's, \./, ,' >SHA256SUMS &&
	gpg --batch --yes --local-user "$key" --armor --detach-sign SHA256SUMS)
packaging/apt-repository.sh "$key" "$out/apt" "$out"/*.deb
cat >&2 <<END
$out is complete. To publish it:
  git push origin HEAD v$version
  upload $out/*.deb, $out/SHA256SUMS and $out/SHA256SUMS.asc as the release v$version
  copy $out/apt to the web server of the apt repository
END
