# SPDX-License-Identifier: GPL-2.0-or-later
"""What has passed here and is made of the same files still has passed.

Only tests of the module alone are remembered: what they depend on can be named. It is the module, the
tools, the bed, the test with all that it reads in, the kernel, and every package of this machine, whose
root the guests have. What a test said is kept below the cache, under a checksum of all that; one file per
test and kernel."""
import datetime
import hashlib
import os
import re
import subprocess

VM = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
TOP = os.path.normpath(os.path.join(VM, '..', '..'))
KEPT = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'liteio', 'passed')

SHARED = ['Kbuild', 'Makefile', 'kmod', 'include', 'tests/lib', 'tests/vm']
# parts of tests/vm that a test of the module has only when it names them itself
OTHERS = re.compile(r'tests/vm/(tests|bench|demo|plugins)/|tests/vm/lib/[a-z]+\.sh$'
                    r'|tests/vm/tools/(poolctl|nodecost)\.c$|.*\.md$')
READ_IN = re.compile(r'\blib/([a-z]+\.sh)\b')


def output(*command):
    return subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, check=True).stdout


def read_in(path, seen):
    """The script and the shell files of tests/vm/lib that it reads in, and those that they do."""
    if path in seen or not os.path.exists(path):
        return seen
    seen.add(path)
    with open(path, encoding='utf-8') as f:
        for name in READ_IN.findall(f.read()):
            read_in(os.path.join(VM, 'lib', name), seen)
    return seen


def is_remembered(test):
    """Is all that the test depends on known here?"""
    if 'programs' in test.header['needs'] or test.header['host'] == 'yes':
        return False
    for path in read_in(test.path, set()):
        with open(path, encoding='utf-8') as f:
            if 'poolctl' in f.read():
                return False
    return True


def place(test, memory={}):  # pylint: disable=dangerous-default-value
    """Where such a test's success would be: a path."""
    if not memory:
        memory['files'] = output('git', 'ls-files', '-z', '--', *SHARED).decode().split('\0')
        memory['packages'] = output('dpkg-query', '-W')
    release = output(os.path.join(VM, 'kernels'), 'release', test.kernel)
    total = hashlib.sha256(memory['packages'] + release)
    own = [os.path.relpath(p, TOP) for p in read_in(test.path, set())]
    for name in sorted({n for n in memory['files'] if n and not OTHERS.match(n)} | set(own)):
        path = os.path.join(TOP, name)
        total.update(name.encode() + b'\0')
        if os.path.isfile(path):
            with open(path, 'rb') as f:
                total.update(hashlib.sha256(f.read()).digest())
    return os.path.join(KEPT, '%s-%s' % (test.name.replace('/', '-'), total.hexdigest()[:16]))


def recall(path):
    """The day on which it passed, or None."""
    if not os.path.exists(path):
        return None
    return datetime.date.fromtimestamp(os.stat(path).st_mtime).isoformat()


def remember(path, text):
    """It has passed, and said this."""
    os.makedirs(KEPT, exist_ok=True)
    stem = path[:path.rindex('-') + 1]
    for old in os.listdir(KEPT):
        if os.path.join(KEPT, old).startswith(stem):
            os.unlink(os.path.join(KEPT, old))
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
