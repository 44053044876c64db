# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # most of this is for those who source it
# What the scripts of the cluster share: names, addresses, where things are, how to run inside. Source it.
#
# Everything lives in one network namespace, which only this cluster uses:
#
#	lo		10.96.0.1 (the service "kubernetes": the API server listens on 443, so no proxy is needed)
#	br0		192.168.100.1, the host; 192.168.100.(10+N) is worker N, on tap N
#	10.244.N.0/24	the pods of worker N, routed through it

# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

CLUSTER_DIR=${LITEIO_CLUSTER_DIR:-${XDG_RUNTIME_DIR:-/tmp}/liteio-cluster}
SERVICE_RANGE=10.96.0.0/16
SERVICE_IP=10.96.0.1
HOST_IP=192.168.100.1
export KUBECONFIG=

# The build folder, as for make; the workers get its module.
O=${O:-build}
case $O in /*) ;; *) O=$LITEIO_TOP/$O ;; esac
LITEIO_KERNEL=${LITEIO_KERNEL:-6.12}
LITEIO_MODULE=${LITEIO_MODULE:-$O/kmod-$LITEIO_KERNEL/liteio.ko}
case $LITEIO_MODULE in /*) ;; *) LITEIO_MODULE=$PWD/$LITEIO_MODULE ;; esac
export LITEIO_MODULE

# take_dir ARGS...: an option --dir DIR in front of the others names the cluster; the rest is in ARGS.
take_dir() {
	if [ "${1-}" = --dir ]; then
		[ $# -ge 2 ] || die "--dir wants a folder"
		CLUSTER_DIR=$2
		shift 2
	fi
	ARGS=("$@")
	[ "$(id -u)" = 0 ] || die "this needs root: network namespace, bridge, taps and loop mounts"
	mkdir -p "$CLUSTER_DIR"
	CLUSTER_DIR=$(cd "$CLUSTER_DIR" && pwd)
	export LITEIO_CLUSTER_DIR=$CLUSTER_DIR
	NETNS=liteio-$(printf %s "$CLUSTER_DIR" | sha256sum | cut -c1-8)
	KUBECONFIG=$CLUSTER_DIR/pki/admin.kubeconfig
	find_programs
}

# Where the programs are that tests/cluster/build has built: asked once, for all scripts that are called from here.
find_programs() {
	if [ -z "${LITEIO_KUBERNETES-}" ] || [ -z "${LITEIO_SIDECARS-}" ]; then
		{
			read -r LITEIO_KUBERNETES
			read -r LITEIO_SIDECARS
		} < <("$LITEIO_TOP/tests/cluster/build" --where)
		export LITEIO_KUBERNETES LITEIO_SIDECARS
	fi
	KUBERNETES=$LITEIO_KUBERNETES
	SIDECARS=$LITEIO_SIDECARS
}

worker_ip() { echo "192.168.100.$((10 + $1))"; }
worker_name() { echo "worker-$1"; }
worker_pods() { echo "10.244.$1.0/24"; }

# How many workers the cluster was made with.
workers() { cat "$CLUSTER_DIR/workers" 2>/dev/null || echo 0; }

# in_net COMMAND...: in the cluster's network.
in_net() { nsenter --net="/run/netns/$NETNS" -- "$@"; }

# kubectl as the administrator.
k() { in_net "$KUBERNETES/kubectl" "$@"; }

# alive NAME: is the process that spawn started under that name still that process?
alive() {
	local pid start

	read -r pid start 2>/dev/null <"$CLUSTER_DIR/run/$1.pid" || return 1
	[ "$(started "$pid")" = "$start" ]
}

# started PID: when it was started, in ticks; a pid alone may be somebody else's by now.
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# spawn NAME COMMAND...: start a process of the cluster, its output in log/NAME.log.
spawn() {
	local name=$1 pid

	shift
	mkdir -p "$CLUSTER_DIR/run" "$CLUSTER_DIR/log"
	setsid "$@" </dev/null >>"$CLUSTER_DIR/log/$name.log" 2>&1 9>&- &
	pid=$!
	echo "$pid $(started "$pid")" >"$CLUSTER_DIR/run/$name.pid"
}

# slay NAME [SIGNAL]: end one, and wait until it is gone.
slay() {
	local pid

	if alive "$1"; then
		read -r pid _ <"$CLUSTER_DIR/run/$1.pid"
		kill "-${2:-TERM}" "$pid" 2>/dev/null || true
		if ! timeout 10 tail --pid="$pid" -s 0.1 -f /dev/null; then
			kill -KILL "$pid" 2>/dev/null || true
			timeout 10 tail --pid="$pid" -s 0.1 -f /dev/null || die "$1 (pid $pid) does not die"
		fi
	fi
	rm -f "$CLUSTER_DIR/run/$1.pid"
}
