#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The agent as a service of systemd: everything works within what its unit leaves it, and nothing else does;
# a reload takes over what can change; one that hangs, is killed or crashes is replaced while I/O goes on; its
# socket is for root and one group.
# vm: kernels=6.12 systemd=yes disks=pool=512M,files=256M,parts=256M mem=1G timeout=2400 needs=module,tools,programs

# shellcheck source=tests/vm/lib/test.sh
. "$LITEIO_TOP/tests/vm/lib/test.sh"
# shellcheck source=tests/vm/lib/agent.sh
. "$LITEIO_TOP/tests/vm/lib/agent.sh"
# shellcheck source=tests/vm/lib/broken.sh
. "$LITEIO_TOP/tests/vm/lib/broken.sh"

UNIT=liteio-agent.service
CONFIG=/etc/liteio/agent.json
# of systemd-analyze security, in tenths: what is left is what the unit's comments give reasons for
EXPOSURE_MAX=50

main_pid() { systemctl show -P MainPID $UNIT; }
journal() { journalctl -q -o cat -u $UNIT "$@"; }
# said PATTERN: the agent has said so since "said_from"
said() { journal --after-cursor="$cursor" | grep -q -- "$1"; }
said_from() { cursor=$(journalctl -q -n 1 --show-cursor | sed -n 's/^-- cursor: //p'); }
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
# value KEY: of the first object in liteioctl's JSON
value() { grep -o "\"$1\": *\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }

configure() {
	cat >$CONFIG.new
	mv $CONFIG.new $CONFIG
}

reload() {
	said_from
	configure
	systemctl reload $UNIT
}

mkfs.ext4 -q /dev/disk/by-id/virtio-files
mkdir -p /srv/files
mount /dev/disk/by-id/virtio-files /srv/files
install -m 0755 "$LITEIO_O/liteio-agent" /usr/sbin
install -m 0755 "$LITEIO_O/liteioctl" /usr/bin
install -m 0644 -t /etc/systemd/system "$LITEIO_TOP"/deploy/systemd/*.service
install -D -m 0644 -t /etc/udev/rules.d "$LITEIO_TOP"/deploy/systemd/60-liteio.rules
udevadm control --reload
mkdir -p /etc/liteio
configure <<'END'
{"listen": ["127.0.0.1:4420"], "devices": ["/dev/vd?", "/dev/vd?1"], "socketGroup": "disk", "standalone": true}
END
modprobe dm-mod
modprobe configfs
insmod "$LITEIO_KO"
systemctl daemon-reload
said_from
systemctl start $UNIT
until_true 120 liteioctl pool list
pid=$(main_pid)
ok "the unit starts"

# ---- the module that is loaded, and the one that modprobe would load

# said_of_module KEY: what the agent says of it, a word or a version
said_of_module() { j module status | sed -n "s/.*\"$1\": *\"\?\([^\",]*\).*/\1/p"; }
modules=/lib/modules/$(uname -r)
extra=$modules/extra
# the host's, and not to be written to
mkdir -p /run/modules/upper /run/modules/work
mount -t overlay -o "lowerdir=$modules,upperdir=/run/modules/upper,workdir=/run/modules/work" overlay "$modules"
rm -f "$extra/liteio.ko"
depmod
[ "$(said_of_module loaded) $(said_of_module installed)" = 'true false' ] || fail "$(j module status)"
[ "$(said_of_module sameAsInstalled)" = false ] || fail "it is the same as none: $(j module status)"
mkdir -p "$extra"
cp "$LITEIO_KO" "$extra/liteio.ko"
depmod
[ "$(said_of_module installed) $(said_of_module sameAsInstalled)" = 'true true' ] || fail "$(j module status)"
[ "$(said_of_module installedVersion)" = "$(said_of_module version)" ] || fail "$(j module status)"
# built from another source
LC_ALL=C sed -i 's/srcversion=[0-9A-F]\{4\}/srcversion=OTHR/' "$extra/liteio.ko"
depmod
[ "$(said_of_module installed) $(said_of_module sameAsInstalled)" = 'true false' ] || fail "$(j module status)"
liteioctl module status | grep -q '^sameAsInstalled *no$' || fail "$(liteioctl module status)"
ok "it says whether the loaded module is the one that is installed"

# ---- least privilege

mask=0
while read -r word; do
	case $word in
	CAP_CHOWN) bit=0 ;;
	CAP_NET_ADMIN) bit=12 ;;
	CAP_SYS_MODULE) bit=16 ;;
	CAP_SYS_ADMIN) bit=21 ;;
	*) fail "the unit has $word, for which this test knows no reason" ;;
	esac
	mask=$((mask | 1 << bit))
done < <(sed -n 's/^CapabilityBoundingSet=//p' "$LITEIO_TOP/deploy/systemd/$UNIT" | tr ' ' '\n')
for set in CapBnd CapEff CapPrm; do
	[ "$(field "$pid" $set)" = "$(printf '%016x' $mask)" ] || fail "$set is $(field "$pid" $set)"
done
[ "$(field "$pid" CapAmb)" = 0000000000000000 ] || fail "it has ambient capabilities"
[ "$(field "$pid" NoNewPrivs)" = 1 ] || fail "it may get new privileges"
[ "$(field "$pid" Seccomp)" = 2 ] || fail "its system calls are not filtered"
[ "$(readlink "/proc/$pid/ns/mnt")" = "$(readlink /proc/1/ns/mnt)" ] || fail "it has mounts of its own"
group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
# as_unit COMMAND: in the group of the agent's processes, which is what devices are allowed to
as_unit() { bash -c "echo \$\$ >$group/cgroup.procs; $1" 2>&1; }
as_unit "exec 3<>$DISK" || fail "a disk can not be opened"
for device in /dev/mapper/control /dev/loop-control /dev/nvme-fabrics /dev/null; do
	as_unit "exec 3<>$device" || fail "$device can not be opened"
done
for device in /dev/kmsg /dev/hwrng /dev/fuse /dev/vport* /dev/rtc0 /dev/mem; do
	{ : <"$device"; } 2>/dev/null || continue
	refused 'not permitted' as_unit "exec 3<$device"
	tried=$device
done
[ -n "${tried:-}" ] || fail "there is no device to refuse"
systemd-analyze security --no-pager --threshold=$EXPOSURE_MAX $UNIT >/run/security || {
	grep '^✗\|Overall' /run/security
	fail "it is more exposed than $EXPOSURE_MAX"
}
ok "it has what its unit says and no more: $(tail -n 1 /run/security)"

# ---- what it is refused, and what each of its capabilities is for

# Its own unit, with another program in the agent's place: what is refused by the filter, for the missing capability, by the
# rules for devices, and by the permissions of files; and what the agent needs.
install -m 0755 "$(command -v trycall)" /usr/sbin
install -m 0600 -o nobody /dev/null /run/trycall.other
TRIED=/run/systemd/system/liteio-tried.service
mkdir -p $TRIED.d
cp "$LITEIO_TOP/deploy/systemd/$UNIT" $TRIED
cat >$TRIED.d/program.conf <<'END'
[Service]
Type=oneshot
ExecStart=
ExecStart=/usr/sbin/trycall
ExecStopPost=
Restart=no
WatchdogSec=0
StandardOutput=file:/run/tried
END
systemctl daemon-reload
# whom nothing is taken away from may do it all, or nothing is shown by what is refused
trycall >/run/free
! grep -v ' ok$' /run/free || fail "root is refused that without the unit"
systemctl start "${TRIED##*/}" || fail "$(journalctl -q -o cat -u "${TRIED##*/}")"
diff - /run/tried <<'END' || fail "what the unit may do (>) is not what is expected of it (<)"
reboot EPERM
ptrace EPERM
mount EPERM
unshare EPERM
swapoff EPERM
personality EPERM
code EPERM
realtime EPERM
clock EPERM
suid EPERM
write-other EACCES
read-other EACCES
chmod-other EPERM
mknod EPERM
setuid EPERM
bind-80 EACCES
raw EPERM
packet EAFNOSUPPORT
kmsg EPERM
unix ok
inet ok
netlink ok
control ok
module ok
chown ok
END
rm -r $TRIED $TRIED.d
ok "$(grep -vc ' ok$' /run/tried) calls that are not for it are refused, and those that it needs are not"

journal -p warning | grep . && fail "it has complained"
cp "$LITEIO_KO" "$extra/liteio.ko"
LESS=/run/systemd/system/$UNIT.d
mkdir -p $LESS

# what every capability is for, from a machine without the module on; it ends with what does not work
needs_all() {
	timeout 60 systemctl start $UNIT || { journal --after-cursor="$cursor" | sed -n '/level=error/p;$s/^/it does not start: /p'; return 1; }
	[ -d /sys/module/liteio ] || { echo "the module is not loaded"; return 1; }
	[ "$(stat -c %G /run/liteio/agent.sock)" = disk ] || { echo "the socket has no group"; return 1; }
	liteioctl pool create less "$DISK" && liteioctl volume create less --pool less --size 16Mi &&
		liteioctl volume attach less && liteioctl volume detach less &&
		liteioctl export create less 7 --host-nqn nqn.2026-01.io.liteio:test || return 1
	# as at a boot: nothing listens, and something is about to
	systemctl stop $UNIT
	find /sys/kernel/config/nvmet/ports -mindepth 3 -path '*/subsystems/*' -type l -delete
	timeout 60 systemctl start $UNIT || { echo "it does not start again"; return 1; }
	! journal --after-cursor="$cursor" | grep 'the door can not be closed'
}

# it starts more often than it may by itself; one that systemd has forgotten meanwhile has not failed
started_anew() {
	systemctl reset-failed $UNIT 2>/dev/null || true
}

# with_unit [LINE]: with that line more in its unit
with_unit() {
	systemctl stop $UNIT
	[ ! -d /sys/module/liteio ] || rmmod liteio
	printf '[Service]\nRestart=no\n%s\n' "${1:-}" >$LESS/less.conf
	systemctl daemon-reload
	started_anew
	said_from
}

undo_all() {
	local what

	rm $LESS/less.conf
	systemctl daemon-reload
	started_anew
	systemctl restart $UNIT
	for what in 'export delete less 7' 'volume detach less' 'volume delete less' 'pool delete less'; do
		# shellcheck disable=SC2086 # it is words
		liteioctl $what >/dev/null 2>&1 || true
	done
	! liteioctl pool list | grep less || fail "a pool is left"
}

with_unit
needs_all >/run/needs 2>&1 || fail "with all its capabilities: $(cat /run/needs)"
undo_all
# what is said where it is missing: by device-mapper, by nft, of the module, and of the socket's group
declare -A missed=(
	[CAP_SYS_ADMIN]='device-mapper\|permitted\|denied'
	[CAP_NET_ADMIN]='permitted\|denied\|nft\|door'
	[CAP_SYS_MODULE]='module'
	[CAP_CHOWN]='permitted\|no group'
)
read -ra words < <(sed -n 's/^CapabilityBoundingSet=//p' "$LITEIO_TOP/deploy/systemd/$UNIT")
for word in "${words[@]}"; do
	with_unit "CapabilityBoundingSet=~$word"
	! needs_all >/run/needs 2>&1 || fail "$word is not needed: all goes without it"
	! grep -qi 'timed out\|not within time\|exists\|busy' /run/needs && grep -qi -- "${missed[$word]}" /run/needs ||
		fail "without $word it is something else that fails: $(cat /run/needs)"
	echo "# without $word: $(tail -n 1 /run/needs)"
	undo_all
done
rmdir $LESS
rm "$extra/liteio.ko"
depmod
said_from
ok "without any of its capabilities something fails"

# ---- and with it all, everything works

liteioctl pool create fast "$DISK" >/dev/null
liteioctl pool create filed /srv/files/pool.img --size 200Mi >/dev/null
nqn=$(j node show | value hostNQN)
for v in near far; do
	liteioctl volume create $v --pool fast --size 64Mi >/dev/null
done
liteioctl volume create inner --pool filed --size 16Mi >/dev/null
near=$(j volume show near | value uuid)
liteioctl export create near 1 --local >/dev/null
liteioctl attachment create "$near" 1 --local >/dev/null
liteioctl export create far 1 --host-nqn "$nqn" >/dev/null
mkfs.ext4 -q "/dev/liteio/$near"
mkdir -p /srv/near
mount "/dev/liteio/$near" /srv/near
liteioctl snapshot create before near >/dev/null
liteioctl volume create again --pool fast --snapshot before >/dev/null
liteioctl volume grow near --size 96Mi >/dev/null
liteioctl attachment resize "$near" 1 --size 96Mi >/dev/null
liteioctl volume grow far --size 96Mi >/dev/null
liteioctl export create inner 1 --local >/dev/null
liteioctl export delete inner 1 >/dev/null
liteioctl volume delete inner >/dev/null
liteioctl pool delete filed >/dev/null
liteioctl module load >/dev/null
ok "pools on a disk and in a file, volumes, snapshots, exports and attachments work within it"

journal -p warning --after-cursor="$cursor" | grep . && fail "it has complained"

# ---- what needs other programs, and a partition

PARTS=$(readlink -f /dev/disk/by-id/virtio-parts)
# number N: as four bytes of a partition table
number() { printf '%b' "$(printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24)))"; }
# partition MIB: the only one of the disk, from 1 MiB on; what uses it goes on
partition() {
	{
		printf '\0\0\0\0\x83\0\0\0'
		number 2048
		number $(($1 * 2048))
		head -c 48 /dev/zero
		printf '\x55\xaa'
	} | dd of="$PARTS" bs=1 seek=446 conv=notrunc,fsync status=none
	partx -u "$PARTS"
	udevadm settle
	[ "$(blockdev --getsize64 "${PARTS}1")" = $(($1 << 20)) ] || fail "the partition is not $1 MiB"
}
# number_of KEY: of the first object in liteioctl's JSON
number_of() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" | head -n 1; }

partition 200
liteioctl pool create parted "${PARTS}1" --linear 16Mi >/dev/null
had=$(j pool show parted | number_of dataBytes)
partition 240
liteioctl pool grow parted >/dev/null
[ "$(j pool show parted | number_of dataBytes)" -gt "$had" ] || fail "it has not grown: $(j pool show parted)"
liteioctl volume create back --pool parted --size 64Mi >/dev/null
liteioctl volume attach back >/dev/null
dd if=/dev/urandom of=/dev/liteio/back bs=1M count=32 oflag=direct conv=fsync status=none
want=$(sum /dev/liteio/back)
liteioctl snapshot create early back >/dev/null
dd if=/dev/urandom of=/dev/liteio/back bs=1M count=8 oflag=direct conv=fsync status=none
[ "$(sum /dev/liteio/back)" != "$want" ] || fail "nothing was written"
liteioctl volume detach back >/dev/null
liteioctl volume rollback back early >/dev/null
liteioctl volume attach back >/dev/null
[ "$(sum /dev/liteio/back)" = "$want" ] || fail "it has not gone back"
liteioctl volume detach back >/dev/null
ok "a pool on a partition, which grows with it, and a roll back"

liteioctl pool export parted >/dev/null
liteioctl pool list | grep -q parted && fail "it is still there"
liteioctl pool import "${PARTS}1" >/dev/null
liteioctl volume attach back >/dev/null
[ "$(sum /dev/liteio/back)" = "$want" ] || fail "other data after the import"
liteioctl volume detach back >/dev/null
ok "it is exported and imported"

# as after a power cut, with a disk that has lost a block of metadata: thin_check, thin_dump and thin_repair
parted=$(j pool show parted | value uuid)
calm_pool=$(j pool show fast | value uuid)
at=$(meta_at)
systemctl stop $UNIT
below=$(dmsetup info -c --noheadings --separator : -o major,minor "liteio-pool-$parted")
for name in $(dmsetup table | sed -n "s/^\(liteio-thin-[^:]*\): .* thin $below .*/\1/p") \
	"liteio-pool-$parted" "liteio-tmeta-$parted" "liteio-tdata-$parted"; do
	dmsetup remove --retry "$name"
done
spoil "${PARTS}1" mends "$at"
systemctl start $UNIT
until_true 120 liteioctl pool list
[ "$(j pool show parted | value state)" = readOnly ] || fail "damaged metadata: $(j pool show parted)"
j pool show parted | grep -q 'thin_check: ' || fail "it is not thin_check that says so: $(j pool show parted)"
j pool repair parted >/run/repaired
[ "$(number_of rebuilt </run/repaired) $(number_of lostBytes </run/repaired)" = '1 0' ] || fail "$(cat /run/repaired)"
[ "$(j pool show parted | value state)" = ready ] || fail "not repaired: $(j pool show parted)"
liteioctl volume attach back >/dev/null
[ "$(sum /dev/liteio/back)" = "$want" ] || fail "other data after the repair"
liteioctl volume detach back >/dev/null
liteioctl snapshot delete early >/dev/null
liteioctl volume delete back >/dev/null
liteioctl pool delete parted >/dev/null
ok "damaged metadata are found and repaired"

systemctl restart $UNIT
until_true 120 liteioctl pool list
said_from
systemctl restart $UNIT
until_true 120 liteioctl pool list
# the remote export stands behind a closed door until all is restored
all_ready() { j export list | grep -q '"ready": *true' && ! j export list | grep -q '"ready": *false'; }
until_true 60 all_ready
journal -p warning --after-cursor="$cursor" | grep . && fail "it has complained"
echo more >/srv/near/file
sync /srv/near/file
ok "it starts again below a mounted filesystem, and has complained of nothing"

# ---- the socket

[ "$(stat -c '%U:%G %a' /run/liteio/agent.sock)" = 'root:disk 660' ] ||
	fail "the socket is $(stat -c '%U:%G %a' /run/liteio/agent.sock)"
# as_user GROUP
as_user() { setpriv --reuid=nobody --regid="$1" --clear-groups /usr/bin/liteioctl pool list; }
as_user disk >/dev/null || fail "its group may not use it"
refused 'no answer' as_user nogroup
# a socket that somebody has opened to everybody: the peer is asked who it is
chmod 666 /run/liteio/agent.sock
refused "only root and the socket's group" as_user nogroup
sed -i 's/^disk:.*/&nobody/' /etc/group
as_user nogroup >/dev/null || fail "a member of the group may not use it"
chmod 660 /run/liteio/agent.sock
ok "the socket is for root and its group"

# ---- reload

metrics_answer() {
	exec 3<>/dev/tcp/127.0.0.1/9809 || return 1
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
	grep -q '^liteio_node' <&3
}

pid=$(main_pid)
reload <<'END'
{"listen": ["127.0.0.1:4421"], "devices": ["/dev/vd?", "/dev/vd?1"], "socketGroup": "disk", "standalone": true,
 "metrics": "tcp://127.0.0.1:9809", "logFormat": "json"}
END
until_true 30 said '"msg":"the configuration was read again"'
said 'msg="listen: keeps its value, it can change only when the agent starts"' || fail "listen was not refused"
said 'msg="metrics: has a new value"' || fail "metrics has no new value"
metrics_answer || fail "there are no metrics"
j node show | grep -q '127.0.0.1:4420' || fail "it listens elsewhere"
reload <<'END'
{"listen": ["127.0.0.1:4420"],
 "logFormat": "logfmt",
 "metrics": 9809}
END
until_true 30 said '"msg":"nothing is reloaded: /etc/liteio/agent.json: line 3: metrics: must be a string"'
metrics_answer || fail "the metrics have gone with a broken file"
reload <<'END'
{"listen": ["127.0.0.1:4420"], "devices": ["/dev/vd?", "/dev/vd?1"], "socketGroup": "disk", "standalone": true,
 "metrics": "unix:///srv/near", "logFormat": "json", "logLevel": "error"}
END
until_true 30 said '"msg":"metrics: keeps its value: .*socket'
metrics_answer || fail "the metrics have gone for an address that does not work"
reload <<'END'
{"listen": ["127.0.0.1:4420"], "devices": ["/dev/vd?", "/dev/vd?1"], "socketGroup": "disk", "standalone": true}
END
until_true 30 said '^level=info msg="the configuration was read again"'
said 'msg="metrics: has a new value"' && fail "logLevel was not taken over"
metrics_answer 2>/dev/null && fail "the metrics stay"
[ "$(main_pid)" = "$pid" ] || fail "a reload has restarted it"
[ "$(systemctl is-active $UNIT)" = active ] || fail "it is $(systemctl is-active $UNIT)"
ok "a reload takes over what can change, and a broken file changes nothing"

# ---- how often it wakes by itself, the watchdog of its unit among what it wakes for

main_pid >$AGENT_PID
before=$(agent_switches)
# the minute is what is measured
sleep 60
woken=$(($(agent_switches) - before))
[ $woken -lt 10 ] || fail "it went to sleep $woken times in a minute"
ok "with its watchdog it wakes fewer than ten times a minute: $woken"

# ---- one that hangs, is killed, or crashes

cat >/run/writer <<'SH'
#!/bin/bash
n=0
while :; do
	n=$((n + 1))
	echo $n | dd of=/srv/near/count oflag=dsync conv=notrunc status=none
done
SH
chmod +x /run/writer
systemd-run -q --unit=writer /run/writer
until_true 30 test -s /srv/near/count
replaced() { [ "$(main_pid)" != "$pid" ] && [ "$(systemctl is-active $UNIT)" = active ]; }
# signal, and what systemd says of it
while read -r signal says; do
	pid=$(main_pid)
	said_from
	restarts=$(systemctl show -P NRestarts $UNIT)
	stopped=$(cat /srv/near/count)
	kill "-$signal" "$pid"
	until_true 120 replaced
	until_true 60 liteioctl pool list
	written=$(cat /srv/near/count)
	# one more than what was under way when it was stopped, however slow this guest is
	[ "$written" -gt $((stopped + 1)) ] || fail "$signal: nothing was written meanwhile: $stopped, $written"
	[ "$(systemctl show -P NRestarts $UNIT)" = $((restarts + 1)) ] || fail "$signal: it was not systemd that restarted it"
	journalctl -q --after-cursor="$cursor" | grep "$says" >/dev/null || fail "$signal: systemd does not say \"$says\""
	all_ready || until_true 60 all_ready
done <<'END'
STOP Watchdog timeout
KILL code=killed, status=9/KILL
SEGV code=\(killed\|dumped\), status=11/SEGV
END
systemctl stop writer
ok "one that hangs, is killed or crashes is replaced, and I/O goes on meanwhile"

umount /srv/near
liteioctl export delete far 1 >/dev/null
systemctl stop $UNIT
ok "it ends in order"
