#!/bin/sh
# build-deb.sh VERSION ARCH BIN OUT: makes OUT/nexushub_VERSION_ARCH.deb from the programs
# in BIN with debhelper, byte-identical for the same commit (SOURCE_DATE_EPOCH).
set -eu
version=$1 arch=$2 bin=$(realpath "$3") out=$(realpath "$4")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d "$out/.deb-XXXXXX") # several may build at once
trap 'rm -rf "$work"' EXIT
tree=$work/nexushub
mkdir "$tree"
cp -r "$here/debian" "$here/systemd" "$here/sysusers" "$here/tmpfiles" "$here/etc" "$here/share" "$tree"
cp -r "$here/man" "$out/from-client" "$tree"
cp "$here/../docs/operations.md" "$here/../docs/security.md" "$here/../docs/uploads.md" "$tree"
cp -r "$here/../docs/monitoring" "$tree"
mkdir "$tree/examples"
cp -r "$here/../examples/site" "$here/examples/." "$tree/examples"
date=$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
cat >"$tree/debian/changelog" <<END
nexushub ($version) unstable; urgency=medium

  * Built from the project's repository; changes are listed in its CHANGELOG.md.

 -- NexusHub developers <nexushub@example.org>  $date
END
cd "$tree"
dpkg-architecture -a"$arch" -c env BIN="$bin" LC_ALL=C debian/rules binary >"$work/log" 2>&1 ||
	{ tail -30 "$work/log" >&2; exit 1; }
rm -f "$out"/nexushub_*_"$arch".deb
mv "$work/nexushub_${version}_$arch.deb" "$out"
