# SPDX-License-Identifier: GPL-2.0-or-later
"""One guest of the test bed: its options, its emulator, the channel to it, and what its console says."""
import argparse
import ctypes
import fcntl
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
import zlib

from complaints import complaints
from initramfs import CACHE, Error, agent, initramfs
from kernels import KERNELS

VM = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
TOP = os.path.normpath(os.path.join(VM, '..', '..'))

# Exit codes of our own; a script that can end with them is indistinguishable, so they are rare ones.
TIMED_OUT = 124
GUEST_DIED = 125
CONSOLE_COMPLAINS = 126

# as often an emulator may fall before its guest is up
EMULATORS = 3

IMAGE_SERIAL = 'liteio-image'

# What a guest can do without; not where instructions are counted, for the recorded counts are with it.
LIGHT = 'init_on_alloc=0 randomize_kstack_offset=off apparmor=0 audit=0'

# Slow machines are not broken ones: the emulated CPUs may have to wait for real ones.
PATIENCE = ('rcupdate.rcu_cpu_stall_timeout=%d watchdog_thresh=60 nmi_watchdog=0 '
            'workqueue.watchdog_thresh=%d')


def add_options(parser):
    """The options that say what a guest is; shared by run, shell and guest."""
    parser.add_argument('-k', dest='kernel', default='6.12', metavar='KERNEL',
                        help='which kernel: %s (default 6.12)' % ', '.join(KERNELS))
    parser.add_argument('-s', dest='smp', type=int, metavar='N',
                        help='CPUs (default 2, with --icount 1)')
    parser.add_argument('-m', dest='mem', default='1G', help='memory (default 1G)')
    parser.add_argument('--disk', dest='disks', action='append', default=[],
                        metavar='NAME=SIZE[,block=BYTES]',
                        help='a disk, /dev/disk/by-id/virtio-NAME; may be repeated')
    parser.add_argument('--keep-disks', metavar='DIR',
                        help='the disks are files in DIR, used as they are and kept')
    parser.add_argument('--icount', action='store_true',
                        help='a clock that counts the instructions of all CPUs, which take turns')
    parser.add_argument('--net', dest='nets', action='append', default=[],
                        metavar='tap:IF|mcast:PORT|user',
                        help='a network interface; may be repeated')
    parser.add_argument('--ip', dest='ips', action='append', default=[], metavar='ADDRESS/BITS',
                        help='the address of the first, second... interface')
    parser.add_argument('--share', dest='shares', action='append', default=[], metavar='DIR',
                        help='a directory of the host that the guest may write, at the same path')
    parser.add_argument('--modules', metavar='DIR',
                        help="the guest's /lib/modules/RELEASE (default: as the kernel's packages have it)")
    parser.add_argument('--timeout', type=int, default=180, metavar='SECONDS',
                        help='end the guest after this long (default 180); on a slow kernel so many '
                        'times longer as that is slower')
    parser.add_argument('--name', default='guest', help="the guest's host name")
    parser.add_argument('--systemd', action='store_true',
                        help="boot systemd from an image of its own instead of the host's files")
    parser.add_argument('--append', default='', metavar='WORDS',
                        help="more for the kernel's command line")
    parser.add_argument('--qemu', default='', metavar='WORDS', help='more options for the emulator')


def parser(**kwargs):
    return argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)


def _kernel(what, name):
    done = subprocess.run([os.path.join(VM, 'kernels'), what, name], stdout=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        raise Error('no kernel %s' % name)
    return done.stdout.strip()


def _size(text):
    match = re.fullmatch(r'(\d+)([KMGT]?)', text)
    if not match:
        raise Error('"%s" is not a size; 512M and 2G are' % text)
    return int(match[1]) << {'': 0, 'K': 10, 'M': 20, 'G': 30, 'T': 40}[match[2]]


class Guest:
    """A guest whose state is a directory: its sockets, console, process id and disks."""

    def __init__(self, state, options):
        self.state = os.path.abspath(state)
        self.options = options
        self.disks = os.path.abspath(options.keep_disks or os.path.join(self.state, 'disks'))
        self.process = None
        self._buffer = b''
        self._out = -1
        self._lock = None
        self._how = (False, ())
        if options.kernel not in KERNELS:
            raise Error('no kernel is called "%s"; there are: %s' % (options.kernel, ', '.join(KERNELS)))
        self.kernel = KERNELS[options.kernel]

    # -- where things are

    def path(self, name):
        return os.path.join(self.state, name)

    def console(self):
        """What every boot printed, one after another."""
        text = ''
        for name in self._consoles():
            with open(self.path(name), encoding='utf-8', errors='replace') as f:
                text += f.read().replace('\r', '')
        return text

    def _consoles(self):
        names = [n for n in os.listdir(self.state) if re.fullmatch(r'console-\d+', n)]
        return sorted(names, key=lambda n: int(n[8:]))

    def complaints(self):
        """The lines of the console that a healthy kernel does not print."""
        return complaints(self.console())

    # -- the emulator's command line

    def _disk_arguments(self):
        out = []
        os.makedirs(self.disks, exist_ok=True)
        for i, spec in enumerate(self.options.disks):
            match = re.fullmatch(r'([a-z0-9][a-z0-9-]{0,19})=(\w+)(?:,block=(\d+))?', spec)
            if not match:
                raise Error('--disk %s: it is NAME=SIZE, NAME of at most 20 of a-z 0-9 -' % spec)
            name, size, block = match[1], _size(match[2]), match[3]
            path = os.path.join(self.disks, name + '.raw')
            if not os.path.exists(path):
                with open(path, 'wb') as f:
                    f.truncate(size)
            # A completed write is in the file, whatever happens to the emulator; the guest sees a
            # disk with a volatile cache, so that it has to flush.
            out += ['-drive', 'if=none,id=disk%d,file=%s,format=raw,cache=writeback,discard=unmap'
                    % (i, path),
                    '-device', 'virtio-blk-pci,drive=disk%d,serial=%s%s' % (
                        i, name, ',logical_block_size=%s,physical_block_size=%s' % (block, block)
                        if block else '')]
        return out

    def _net_arguments(self):
        out = []
        for i, spec in enumerate(self.options.nets):
            kind, _, arg = spec.partition(':')
            backends = {
                'tap': 'tap,id=net%d,ifname=%s,script=no,downscript=no' % (i, arg),
                'mcast': 'socket,id=net%d,mcast=230.77.0.1:%s,localaddr=127.0.0.1' % (i, arg),
                'user': 'user,id=net%d' % i,
            }
            if kind not in backends or (kind == 'user') == bool(arg):
                raise Error('--net %s: it is tap:INTERFACE, mcast:PORT or user' % spec)
            # an address of its own for each name, the same at every boot
            digest = '%08x' % (hash_of(self.options.name + str(i)))
            mac = '52:54:' + ':'.join(digest[j:j + 2] for j in range(0, 8, 2))
            out += ['-netdev', backends[kind], '-device', 'virtio-net-pci,netdev=net%d,mac=%s' % (i, mac)]
        return out

    def _share_arguments(self):
        out = []
        for i, path in enumerate(self.options.shares):
            os.makedirs(path, exist_ok=True)
            out += ['-fsdev', 'local,id=share%d,path=%s,security_model=none,multidevs=remap' % (
                i, os.path.abspath(path)),
                    '-device', 'virtio-9p-pci,fsdev=share%d,mount_tag=share%d' % (i, i)]
        return out

    def _image_arguments(self):
        if not self.options.systemd:
            return []
        done = subprocess.run([os.path.join(VM, 'image')], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Error('no image to boot systemd from')
        return ['-drive', 'if=none,id=image,file=%s,format=raw,readonly=on' % done.stdout.strip(),
                '-device', 'virtio-blk-pci,drive=image,serial=' + IMAGE_SERIAL]

    def _binds(self):
        """The directories of the host that a guest with an image of its own sees too."""
        paths = [TOP, CACHE, os.getcwd()]
        if 'LITEIO_O' in os.environ:
            paths.append(os.path.abspath(os.environ['LITEIO_O']))
        paths = sorted({os.path.realpath(p) for p in paths} - {'/'})
        return [p for p in paths if not any(p.startswith(q + '/') for q in paths)]

    def _append(self, modules):
        o = self.options
        groups = (['blk'] if o.disks or o.systemd else []) + (['net'] if o.nets else [])
        words = ['console=ttyS0,115200', 'loglevel=5', 'panic=-1', 'oops=panic', 'mitigations=off',
                 'net.ifnames=0', 'no_timer_check', 'random.trust_cpu=on', 'raid=noautodetect',
                 PATIENCE % (min(60 * self.kernel.slow, 300), 120 * self.kernel.slow),
                 'liteio.name=' + o.name, 'liteio.mods=' + ','.join(groups),
                 'liteio.modules=' + modules, 'liteio.guestd=' + agent(),
                 'liteio.ip=' + ','.join(o.ips)]
        if self.kernel.slow > 1:
            words.append('liteio.udev=no')
        if o.systemd:
            words += ['liteio.image=' + IMAGE_SERIAL, 'liteio.binds=' + ','.join(self._binds())]
        if o.shares:
            words.append('liteio.shares=' + ','.join(
                'share%d:%s' % (i, os.path.abspath(p)) for i, p in enumerate(o.shares)))
        if not o.icount:
            words.append(LIGHT)
        return ' '.join(words + [o.append])

    def command(self):
        """The emulator and its arguments."""
        o = self.options
        modules = _kernel('modules', o.kernel)
        memory = (_size(o.mem) >> 20) + self.kernel.memory
        accel = ['-accel', 'tcg,thread=multi', '-smp', str(o.smp or 2)]
        machine = 'q35,sata=off,usb=off'
        if o.icount:
            machine = 'q35'
            accel = ['-accel', 'tcg,thread=single', '-icount', 'shift=0,sleep=off', '-smp',
                     str(o.smp or 1)]
        return [
            'qemu-system-x86_64', '-name', o.name, '-machine', machine, '-cpu', 'Nehalem', *accel,
            '-m', '%dM' % memory, '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot',
            '-kernel', _kernel('vmlinux', o.kernel), '-initrd', initramfs(modules),
            '-append', self._append(os.path.realpath(o.modules or modules)),
            '-serial', 'file:' + self.path('console-%d' % len(self._consoles())),
            '-device', 'virtio-serial-pci',
            '-chardev', 'pipe,id=cmd,path=' + self.path('cmd'),
            '-device', 'virtserialport,chardev=cmd,name=liteio.cmd',
            '-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap',
            '-device', 'virtio-9p-pci,fsdev=host,mount_tag=host',
            '-device', 'virtio-rng-pci',
            *self._disk_arguments(), *self._image_arguments(),
            *self._net_arguments(), *self._share_arguments(),
            *shlex.split(o.qemu)]

    # -- life

    def start(self, detach=False, extra=()):
        """Start the emulator. Unless detached, it dies with us."""
        self._how = (detach, extra)
        os.makedirs(self.state, exist_ok=True)
        for name in ('cmd.in', 'cmd.out'):
            if os.path.lexists(self.path(name)):
                os.unlink(self.path(name))
            os.mkfifo(self.path(name))
        command = self.command() + list(extra)
        with open(self.path('command'), 'w', encoding='utf-8') as f:
            f.write(shlex.join(command) + '\n')
        with open(self.path('qemu.log'), 'wb') as log:
            self.process = subprocess.Popen(
                command, stdin=None if extra else subprocess.DEVNULL,
                stdout=None if extra else log, stderr=log, start_new_session=detach,
                preexec_fn=None if detach else die_with_parent)
        with open(self.path('pid'), 'w', encoding='ascii') as f:
            f.write('%d\n' % self.process.pid)

    def save(self):
        with open(self.path('options.json'), 'w', encoding='utf-8') as f:
            json.dump(vars(self.options), f)

    @classmethod
    def load(cls, state):
        try:
            with open(os.path.join(state, 'options.json'), encoding='utf-8') as f:
                return cls(state, argparse.Namespace(**json.load(f)))
        except FileNotFoundError:
            raise Error('there is no guest in %s' % state) from None

    def alive(self):
        if self.process:
            return self.process.poll() is None
        try:
            with open(self.path('pid'), encoding='ascii') as f:
                pid = int(f.read())
            with open('/proc/%d/cmdline' % pid, 'rb') as f:
                return self.path('cmd').encode() in f.read()
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return False

    def _pidfd(self):
        """A handle on the emulator while it runs, else -1."""
        if not self.alive():
            return -1
        try:
            if self.process:
                return os.pidfd_open(self.process.pid)
            with open(self.path('pid'), encoding='ascii') as f:
                return os.pidfd_open(int(f.read()))
        except ProcessLookupError:
            return -1

    def cut(self):
        """Power cut: the emulator is killed where it stands."""
        fd = self._pidfd()
        if fd < 0:
            return
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        # only when its last thread is gone are its disks and network free again
        select.select([fd], [], [])
        os.close(fd)
        if self.process:
            self.process.wait()

    def wait(self, seconds):
        """Wait for the emulator's end; True when it ended in time."""
        fd = self._pidfd()
        if fd < 0:
            return True
        ended = bool(select.select([fd], [], [], seconds)[0])
        os.close(fd)
        return ended

    # -- the channel

    def _open(self):
        if self._out < 0:
            # one talker at a time
            self._lock = open(self.path('lock'), 'w', encoding='ascii')
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._out = os.open(self.path('cmd.out'), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def _close(self):
        os.close(self._out)
        self._lock.close()
        self._out, self._lock, self._buffer = -1, None, b''

    def _fill(self, deadline):
        """More bytes from the guest. Raises TimeoutError, or EOFError when there is no guest any more."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            # an emulator that has not opened its end yet looks like one that is gone
            ready = select.select([self._out], [], [], min(left, 1.0))[0]
            data = b''
            if ready:
                try:
                    data = os.read(self._out, 65536)
                except BlockingIOError:
                    continue
            if data:
                self._buffer += data
                return
            if not self.alive():
                raise EOFError
            if ready:
                time.sleep(0.02)

    def _line(self, deadline):
        while b'\n' not in self._buffer:
            self._fill(deadline)
        line, _, self._buffer = self._buffer.partition(b'\n')
        return line.decode('ascii', 'replace').split()

    def _bytes(self, n, deadline):
        while len(self._buffer) < n:
            self._fill(deadline)
        data, self._buffer = self._buffer[:n], self._buffer[n:]
        return data

    def _send(self, data):
        with open(self.path('cmd.in'), 'wb') as f:
            f.write(data)

    def _fell(self):
        """Has the emulator ended by a mistake of its own, not of what runs in it?"""
        with open(self.path('qemu.log'), encoding='utf-8', errors='replace') as f:
            return not self.alive() and 'Assertion `' in f.read()

    def wait_ready(self, deadline):
        """Wait until the guest takes scripts.

        With several CPUs an emulator now and then trips over its own map of memory while the guest maps
        its devices (iotlb_to_section() of QEMU's physmem.c). Nothing of ours has run by then: it is
        started again, and that is said."""
        for left in reversed(range(EMULATORS)):
            self._open()
            try:
                while self._line(deadline) != ['ready']:
                    pass
                return
            except EOFError:
                if not left or not self._fell():
                    raise
            print('%s: the emulator fell while it booted, it is started again' % self.options.name,
                  file=sys.stderr)
            self._close()
            self.start(*self._how)

    def execute(self, script, deadline, out):
        """Run a shell script in the guest, its output to out; returns its exit code."""
        self._open()
        ident = str(time.monotonic_ns())
        data = script.encode()
        self._send(b'run %s %d\n%s' % (ident.encode(), len(data), data))
        while True:
            line = self._line(deadline)
            if line[0] == 'out':
                data = self._bytes(int(line[2]), deadline)
                if line[1] == ident:
                    out.write(data)
                    out.flush()
            elif line[0] == 'end' and line[1] == ident:
                return int(line[2])

    def look_for_leaks(self, deadline):
        """Have a kernel that can tell say on its console what our modules have forgotten."""
        if self.kernel.leaks:
            self.execute(self.environment() + '"$LITEIO_TOP/tests/vm/guest/leaks"', deadline,
                         sys.stderr.buffer)

    def off(self, seconds=30):
        """Switch off in order; cut when it does not."""
        if self.alive():
            self._send(b'off\n')
            if not self.wait(seconds):
                self.cut()
                return False
        return True

    def environment(self):
        """What every script starts with."""
        names = ('LITEIO_O', 'LITEIO_CACHE', 'LITEIO_SEED', 'LITEIO_ROUNDS', 'LITEIO_BOLD',
                 'LITEIO_FEW')
        env = {k: os.environ[k] for k in names if k in os.environ}
        env['LITEIO_TOP'] = os.environ.get('LITEIO_TOP', TOP)
        env.setdefault('LITEIO_CACHE', CACHE)
        env['LITEIO_KERNEL'] = self.options.kernel
        env['LITEIO_SLOW'] = str(self.kernel.slow)
        if 'LITEIO_O' in env:
            out = env['LITEIO_O'] = os.path.abspath(env['LITEIO_O'])
            env['LITEIO_KO'] = '%s/kmod-%s/liteio.ko' % (out, self.options.kernel)
            env['PATH'] = '%s:%s/vm-tools:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' % (
                out, out)
        return ''.join('export %s=%s\n' % (k, shlex.quote(v)) for k, v in env.items())


def die_with_parent():
    """In the child: be killed when the parent is gone."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def hash_of(text):
    """A number that is the same for the same text, everywhere."""
    return zlib.crc32(text.encode())


def report(guest, tail):
    """Tell what the console complained of, or with tail how it ended. True when it complained."""
    bad = guest.complaints()
    for line in bad[:20]:
        print('console: ' + line, file=sys.stderr)
    if tail:
        print('--- the end of the console:', file=sys.stderr)
        print('\n'.join(guest.console().split('\n')[-40:]), file=sys.stderr)
        with open(guest.path('qemu.log'), encoding='utf-8', errors='replace') as f:
            text = f.read().strip()
        if text:
            print('--- the emulator says:\n' + text, file=sys.stderr)
    return bool(bad)
