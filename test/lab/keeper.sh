#!/bin/sh
# Keeps one lab machine: makes its cgroups and its root, runs it, and takes
# everything away again when it ends or when the owner goes (end of file on stdin),
# however the owner goes.
#
#   keeper.sh ID DIR TREE LAYER HOSTNAME DISK      inside its own mount and network namespace
#
# fd 3 is the lock on DIR; who can take it may sweep. One line on stdout per boot: "up PID-OF-NSPAWN".
set -u
id=$1 dir=$2 tree=$3 layer=$4 hostname=$5 disk=$6
cg=/sys/fs/cgroup

groups() {
	if [ -f $cg/cgroup.controllers ]; then
		echo "$cg/nexushub-lab-$id"
		return
	fi
	for c in $cg/*; do
		[ -L "$c" ] || [ ! -e "$c/cgroup.procs" ] || echo "$c/nexushub-lab-$id"
	done
}

make_groups() {
	[ ! -f $cg/cgroup.controllers ] || echo "+cpu +memory +pids +io" >$cg/cgroup.subtree_control
	for g in $(groups); do
		mkdir -p "$g" || return
		for f in cpuset.cpus cpuset.mems; do
			[ -f $cg/cgroup.controllers ] || [ ! -f "$g/$f" ] || cat "$g/../$f" >"$g/$f"
		done
	done
}

make_root() {
	mkdir -p "$dir/disk" "$dir/root"
	[ "$disk" = host ] || mount -t tmpfs -o "size=$disk,mode=755" nexushub-lab "$dir/disk" || return
	mkdir -p "$dir/disk/upper/etc" "$dir/disk/work"
	# A copy, because overlayfs does not rename folders of a lower layer, and restoring a backup does.
	[ -z "$layer" ] || cp -a "$layer/." "$dir/disk/upper/" || return
	mount -t overlay -o "lowerdir=$tree,upperdir=$dir/disk/upper,workdir=$dir/disk/work" nexushub-lab "$dir/root" || return
	echo "$id" | sha256sum | cut -c1-32 >"$dir/root/etc/machine-id"
	echo "$hostname" >"$dir/root/etc/hostname"
	printf '127.0.0.1 localhost %s\n::1 localhost\n' "$hostname" >"$dir/root/etc/hosts"
}

# On a host with v1 controllers (the machine then is hybrid too) nspawn mounts them read-only, and limits would be
# accepted but not enforced: a first process makes them writable and becomes systemd.
boot() {
	if [ -f $cg/cgroup.controllers ]; then
		set -- /lib/systemd/systemd
	else
		set -- /bin/sh -c 'for c in /sys/fs/cgroup/*; do [ -L "$c" ] || mount -o remount,bind,rw "$c"; done
			exec /lib/systemd/systemd'
	fi
	# shellcheck disable=SC2046
	exec sh -c 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"' \
		enter $(groups) -- \
		systemd-nspawn --quiet --register=no --keep-unit --settings=no -D "$dir/root" \
		--machine="lab-$id" --hostname="$hostname" \
		--kill-signal=SIGRTMIN+3 --capability=CAP_NET_ADMIN,CAP_BPF,CAP_PERFMON --system-call-filter=bpf --console=read-only \
		--resolv-conf=off --timezone=off --link-journal=no "$@"
}

run() {
	make_groups && make_root && ip link set lo up || return
	# nspawn ends with 133 when the machine asked for a reboot.
	while :; do
		boot 3>&- </dev/null >>"$dir/console" 2>&1 &
		echo "up $!"
		wait $!
		code=$?
		[ $code = 133 ] || return $code
	done
}

kill_all() {
	for g in $(groups); do
		[ -d "$g" ] && find "$g" -name cgroup.procs -exec cat {} +
	done 2>/dev/null | sort -un | grep -vx 0 | xargs -r kill -9 2>/dev/null
}

clean() {
	trap '' EXIT
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill_all
		left=
		for g in $(groups); do
			[ ! -d "$g" ] || find "$g" -depth -type d -exec rmdir {} + 2>/dev/null || left=1
		done
		[ -n "$left" ] || break
		sleep 0.05
	done
	umount -l "$dir/root" "$dir/disk" 2>/dev/null
	rm -rf "$dir"
}

if [ "${7-}" = clean ]; then
	clean
	exit
fi

trap '' INT HUP TERM
trap clean EXIT
exec 4<&0 </dev/null
(
	trap - EXIT
	cat <&4 >/dev/null
	while [ -d "$dir" ]; do kill_all; sleep 0.05; done
) 3>&- >/dev/null 2>&1 &
watcher=$!
exec 4<&-
run 2>>"$dir/console"
code=$?
kill -9 $watcher 2>/dev/null # its cat ends with the owner's pipe
clean
exit $code
