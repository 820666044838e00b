#!/bin/sh
# check-deb.sh DEB ARCH: the package and every program in it are for ARCH.
set -eu
deb=$1 arch=$2
case $arch in # e_machine, elf(5)
amd64) machine=3e00 ;;
arm64) machine=b700 ;;
*) echo "no machine known for $arch" >&2; exit 1 ;;
esac
got=$(dpkg-deb -f "$deb" Architecture)
[ "$got" = "$arch" ] || { echo "$deb says it is for $got, not $arch" >&2; exit 1; }
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
dpkg-deb -x "$deb" "$tree"
for program in usr/bin/nexushub usr/sbin/nexushubd usr/sbin/nexushub-proxy usr/lib/nexushub/nexushub-exec \
	usr/lib/nexushub/apps/login/bin/app; do
	got=$(od -An -tx1 -j18 -N2 "$tree/$program" | tr -d ' ')
	[ "$got" = "$machine" ] || { echo "$program is not for $arch: e_machine $got, not $machine" >&2; exit 1; }
done
echo "$(basename "$deb"): every program is for $arch"
