#!/bin/sh
# apt-repository.sh KEY OUT DEB...: makes OUT an apt repository of the packages, signed by
# the OpenPGP key KEY of the caller's keyring. A client adds OUT/nexushub.sources (after
# it has put the address in) and OUT/nexushub.gpg, and believes this key for this
# repository alone. The layout is the one of DebianRepository/Format in Debian's wiki.
set -eu
key=$1 out=$2
shift 2
[ ! -e "$out" ] || { echo "$out exists: a repository is made anew, never added to" >&2; exit 1; }
mkdir -p "$out/pool/main"
cp "$@" "$out/pool/main"
cd "$out"
for arch in amd64 arm64; do
	index=dists/stable/main/binary-$arch
	mkdir -p "$index"
	apt-ftparchive --arch "$arch" packages pool/main >"$index/Packages"
	gzip -9nk "$index/Packages"
done
apt-ftparchive -o APT::FTPArchive::Release::Origin=NexusHub -o APT::FTPArchive::Release::Label=NexusHub \
	-o APT::FTPArchive::Release::Suite=stable -o APT::FTPArchive::Release::Codename=stable \
	-o APT::FTPArchive::Release::Components=main -o 'APT::FTPArchive::Release::Architectures=amd64 arm64' \
	release dists/stable >.release
mv .release dists/stable/Release
sign() { gpg --batch --yes --local-user "$key" --digest-algo SHA512 "$@"; }
sign --clearsign --output dists/stable/InRelease dists/stable/Release
sign --armor --detach-sign --output dists/stable/Release.gpg dists/stable/Release
gpg --batch --export "$key" >nexushub.gpg
cat >nexushub.sources <<END
Types: deb
URIs: https://REPOSITORY
Suites: stable
Components: main
Signed-By: /etc/apt/keyrings/nexushub.gpg
END
