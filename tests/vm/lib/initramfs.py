# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest boots from, built here and cached by content: the initramfs and the guest's agent."""
import fcntl
import hashlib
import lzma
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST = os.path.join(HERE, '..', 'guest')
CACHE = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'liteio')
BUSYBOX = '/bin/busybox'
UNIT = 'liteio-guestd.service'

# Groups of modules; "base" is always loaded, the others when the guest has such a device.
MODULES = {
    'base': ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay'],
    'blk': ['virtio_blk', 'ext4', 'crc32c_generic'],
    'net': ['virtio_net'],
}


class Error(Exception):
    """Something the user has to know, as a sentence."""


def _digest(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(hashlib.sha256(part).digest())
    return h.hexdigest()[:16]


def _read(path):
    with open(path, 'rb') as f:
        return f.read()


def _built(path, build):
    """The path, after build(temporary path) has made it once, however many ask at a time."""
    if os.path.exists(path):
        return path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + '.lock', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            build(path + '.new')
            os.rename(path + '.new', path)
    return path


def agent():
    """The program that runs scripts in the guest, linked statically."""
    source = os.path.join(GUEST, 'guestd.c')
    path = os.path.join(CACHE, 'vm', 'guestd-' + _digest(_read(source)))

    def build(out):
        subprocess.run(['gcc', '-std=gnu11', '-O2', '-static', '-o', out, source], check=True)
    return _built(path, build)


def _module_files(modules, name):
    """The files to load for one module, in order; none when it is built in or not there."""
    release = os.path.basename(modules)
    root = os.path.dirname(os.path.dirname(os.path.dirname(modules)))
    out = subprocess.run(['modprobe', '-d', root, '-S', release, '--show-depends', name],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    if out.returncode:
        return []
    return [line.split()[1] for line in out.stdout.splitlines() if line.startswith('insmod ')]


def _plain_module(path):
    data = _read(path)
    return lzma.decompress(data) if path.endswith('.xz') else data


def _write_tree(root, modules):
    for sub in ('bin', 'mods', 'dev'):
        os.makedirs(os.path.join(root, sub))
    shutil.copy2(BUSYBOX, os.path.join(root, 'bin/busybox'))
    shutil.copy2(os.path.join(GUEST, 'init'), os.path.join(root, 'init'))
    os.chmod(os.path.join(root, 'init'), 0o755)
    shutil.copy2(os.path.join(GUEST, UNIT), os.path.join(root, UNIT))
    loaded = set()
    for group, names in MODULES.items():
        target = os.path.join(root, 'mods', group)
        os.makedirs(target)
        for name in names:
            for path in _module_files(modules, name):
                if path in loaded:
                    continue
                loaded.add(path)
                base = os.path.basename(path).split('.ko')[0] + '.ko'
                with open('%s/%02d-%s' % (target, len(loaded), base), 'wb') as f:
                    f.write(_plain_module(path))
    os.mknod(os.path.join(root, 'dev/console'), 0o600 | 0o020000, os.makedev(5, 1))


def initramfs(modules):
    """The initramfs for the kernel whose module directory this is."""
    key = _digest(modules.encode(), _read(BUSYBOX), _read(os.path.join(GUEST, 'init')),
                  _read(os.path.join(GUEST, UNIT)),
                  repr(MODULES).encode(), _read(os.path.abspath(__file__)))
    path = os.path.join(CACHE, 'vm', 'initramfs-%s-%s' % (os.path.basename(modules), key))

    def build(out):
        with tempfile.TemporaryDirectory() as root:
            _write_tree(root, modules)
            with open(out, 'wb') as f:
                subprocess.run('find . | cpio --quiet -o -H newc', shell=True, cwd=root,
                               stdout=f, check=True)
    return _built(path, build)
