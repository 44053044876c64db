# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of consoles that complaints.py is tried on: as the kernels 6.1 to 7 and those that are built to find
mistakes print them."""

ILL = [
    # a kernel that falls, or nearly does
    '[   41.733562] BUG: kernel NULL pointer dereference, address: 0000000000000018',
    '[   41.733562] BUG: unable to handle page fault for address: ffffc90000a5f000',
    '[   52.108273] BUG: scheduling while atomic: dmsetup/812/0x00000002',
    '[   52.108273] BUG: Bad page state in process kworker/1:2  pfn:0b1f4',
    '[   60.251113] BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 34s!',
    'BUG: kernel NULL pointer dereference, address: 0000000000000018',
    '[   41.734120] Oops: 0002 [#1] PREEMPT SMP NOPTI',
    '[   41.734120] Oops: Oops: 0002 [#1] SMP NOPTI',
    '[   41.734120] Oops [#1]',
    '[   18.002716] kernel BUG at drivers/md/dm.c:1021!',
    '[   18.113408] Kernel panic - not syncing: Fatal exception',
    '[   33.540018] general protection fault, probably for non-canonical address 0xdead000000000108',
    '[   18.002931] invalid opcode: 0000 [#1] PREEMPT SMP NOPTI',
    '[   18.002931] divide error: 0000 [#2] PREEMPT SMP NOPTI',
    '[   18.002931] stack segment: 0000 [#1] PREEMPT SMP NOPTI',
    '[   18.002931] int3: 0000 [#1] PREEMPT SMP NOPTI',
    '[    9.274455] traps: PANIC: double fault, error_code: 0x0',
    '[    9.274455] Unable to handle kernel paging request at virtual address dead000000000122',
    '[   12.918254] unchecked MSR access error: RDMSR from 0x1ad at rIP: 0xffffffff8107e7a4',
    # warnings
    '[   20.655103] WARNING: CPU: 1 PID: 702 at block/blk-core.c:601 submit_bio_noacct+0x1c2/0x4f0',
    '[   20.655103][  T702] WARNING: CPU: 1 PID: 702 at block/blk-core.c:601 submit_bio_noacct+0x1c2/0x4f0',
    '[   20.655103] WARNING: block/blk-core.c:601 at submit_bio_noacct+0x1c2/0x4f0, CPU#1: dd/702',
    '[   20.655103] WARNING: possible circular locking dependency detected',
    '[   20.655103] WARNING: suspicious RCU usage',
    # who waits for ever
    '[  247.310114] INFO: task dmsetup:1127 blocked for more than 122 seconds.',
    '[  247.310114] INFO: task dd:1127 blocked in I/O wait for more than 122 seconds.',
    '[   88.040117] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [kworker/1:1:42]',
    '[   88.040117] NMI watchdog: Watchdog detected hard LOCKUP on cpu 0',
    '[   88.040117] watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 0',
    '[   99.412070] rcu: INFO: rcu_preempt self-detected stall on CPU',
    '[   99.412070] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:',
    '[   99.412070] rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-.... }',
    '[   99.412070] INFO: rcu_tasks detected stalls on tasks:',
    '[   99.412999] rcu: rcu_preempt kthread starved for 5250 jiffies! g1021 f0x0 ->state=0x0',
    "[   99.412999] rcu: rcu_preempt kthread timer wakeup didn't happen for 5250 jiffies! g1021 f0x0",
    # what kernels say that are built to find mistakes
    '[   30.100207][  T311] BUG: KASAN: slab-use-after-free in head_end_io+0x4c/0x120 [liteio]',
    '[   30.100207] BUG: KFENCE: use-after-free read in head_end_io+0x4c/0x120 [liteio]',
    '[   30.100207] BUG: sleeping function called from invalid context at kernel/locking/mutex.c:587',
    '[   30.100207] BUG: leak: unreferenced object 0xffff888004d0a400 (size 128) of liteio',
    '[   30.100207][   C1] [ BUG: Invalid wait context ]',
    '[   30.100207] INFO: possible recursive locking detected',
    '[   30.100207] INFO: trying to register non-static key.',
    '[   30.100207] INFO: lockdep is turned off.',
    '[   30.100207] DEBUG_LOCKS_WARN_ON(lock->magic != lock)',
    '[   30.100207] UBSAN: shift-out-of-bounds in /tmp/build/kmod/hist.c:31:16',
    '[   30.100207] UBSAN: array-index-out-of-bounds in /tmp/build/kmod/hist.c:31:16',
    '[   30.100207] refcount_t: addition on 0; use-after-free.',
    '[   30.100207] list_add corruption. prev is NULL.',
    '[   30.100207] list_del corruption, ffff888004d0a400->next is LIST_POISON1 (dead000000000100)',
    '[   30.100207] list_add double add: new=ffff888004d0a400, prev=ffff888004d0a400, next=ffff888004d0a410.',
    '[   30.100207] cache_from_obj: Wrong slab cache. kmalloc-64 but object is from kmalloc-128',
    '[   30.100207] BUG kmalloc-64 (Not tainted): Right Redzone overwritten',
    '[   30.100207] BUG kmalloc-64 (Tainted: G           OE     ): Poison overwritten',
    '[   30.100207] ODEBUG: free active (active state 0) object: ffff888004d0a400 type: timer_list',
    '[   30.100207] pagealloc: memory corruption',
    '[   30.100207] kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)',
    '[   30.100207] kmemleak: Kernel memory leak detector disabled',
]

HEALTHY = """\
[    0.000000] Linux version 6.12.117+deb12-amd64 (gcc-12) #1 SMP PREEMPT_DYNAMIC
[    0.000000] Command line: console=ttyS0 panic=-1 rcupdate.rcu_cpu_stall_timeout=60 nmi_watchdog=0
[    0.000000] x86/PAT: Configuration [0-7]: WB  WC  UC- UC  WB  WP  UC- WT
[    0.000000] rcu: Preemptible hierarchical RCU implementation.
[    0.000000] rcu: \tRCU lockdep checking is enabled.
[    0.000000] \tRCU CPU stall warnings timeout set to 60 (rcu_cpu_stall_timeout).
[    0.000000] rcu: RCU calculated value of scheduler-enlistment delay is 25 jiffies.
[    0.000000] Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
[    0.000000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15679)
[    0.000000] kmemleak: Automatic memory scanning thread started
[    1.734692] NMI watchdog: Perf NMI watchdog permanently disabled
[    1.801234] Spectre V2 : Vulnerable, IBPB: disabled, STIBP: disabled, PBRSB-eIBRS: Vulnerable
[    2.210331] Run /init as init process
[    5.020117] liteio: loading out-of-tree module taints kernel.
[    5.020204] liteio: module verification failed: signature and/or required key missing - tainting kernel
[    6.331870] device-mapper: table: 254:2: liteio-head: unknown feature "BUG"
[    7.610623] 9pnet: Installing 9P2000 support
[    8.112097] EXT4-fs warning (device dm-3): ext4_multi_mount_protect:328: MMP interval 42 higher
[    8.419920] nvme nvme0: Failed reconnect attempt 3
[    8.419920] Buffer I/O error on dev dm-4, logical block 0, lost async page write
[    9.001532] INFO: NMI handler (perf_event_nmi_handler) took too long to run: 1.207 msecs
[    9.118221] systemd[1]: WARNING: this is what a program says
[    9.220087] sysrq: Power Off
WARN: a program on the console
a test says BUG: in the middle of its line
"""


def race(*accesses):
    """The report of a data race, by who reads and who writes."""
    rule = '=' * 66
    names = [frames[0].split('+')[0] for frames in accesses]
    lines = [rule, 'BUG: KCSAN: data-race in ' + ' / '.join(names), '']
    for n, frames in enumerate(accesses):
        kind = ('write', 'read')[n % 2]
        lines += ['%s to 0xffff888004d0a400 of 8 bytes by task %d on cpu %d:' % (kind, 300 + n, n)]
        lines += [' ' + frame for frame in frames] + ['']
    lines += ['Reported by Kernel Concurrency Sanitizer on:', rule]
    return '\n'.join('[   30.100207] ' + line for line in lines)


OUR_RACES = [
    race(['head_map+0x41/0x90 [liteio]', '__map_bio+0x30/0x80'], ['head_map+0x41/0x90 [liteio]']),
    race(['vfs_write+0x20/0x60'], ['memcpy_orig+0x8/0x40', 'stats_read+0x5a/0x110 [liteio]']),
]
OTHER_RACES = [
    race(['xas_find+0x20/0x60', 'head_map+0x41/0x90 [liteio]'], ['xas_store+0x8/0x40']),
]
