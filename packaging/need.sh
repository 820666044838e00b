#!/bin/sh
# need.sh COMMAND[=PACKAGE]...: installs what is missing when root, else names the
# command that does. A COMMAND with a slash is a file.
missing=
PATH=$PATH:/usr/sbin:/sbin
for want; do
	command=${want%%=*} package=${want#*=}
	case $command in
	*/*) [ -e "$command" ] ;;
	*) command -v "$command" >/dev/null ;;
	esac || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "missing:$missing; install with: sudo apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
apt-get -qq install -y --no-install-recommends $missing >/dev/null 2>&1 ||
	{ apt-get -qq update && apt-get -qq install -y --no-install-recommends $missing >/dev/null; }
