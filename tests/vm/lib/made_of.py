# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test of the module is made of; when that is the same, it need not run again (tests/lib/passed.py).

Only tests of the module alone are remembered: what they depend on can be named. It is the module, the
tools, the bed, the test with all that it reads in, the kernel, and every package of this machine, whose
root the guests have."""
import os
import re
import sys

VM = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
TOP = os.path.normpath(os.path.join(VM, '..', '..'))
sys.path.insert(0, os.path.join(TOP, 'tests', 'lib'))
import passed  # noqa: E402

SHARED = ['Kbuild', 'Makefile', 'kmod', 'include', 'tests/lib', 'tests/vm']
# parts of tests/vm that a test of the module has only when it names them itself
OTHERS = re.compile(r'tests/vm/(tests|bench|demo|plugins)/|tests/vm/lib/[a-z]+\.sh$'
                    r'|tests/vm/tools/(poolctl|nodecost)\.c$|.*\.md$')
READ_IN = re.compile(r'\blib/([a-z]+\.sh)\b')


def read_in(path, seen):
    """The script and the shell files of tests/vm/lib that it reads in, and those that they do."""
    if path in seen or not os.path.exists(path):
        return seen
    seen.add(path)
    with open(path, encoding='utf-8') as f:
        for name in READ_IN.findall(f.read()):
            read_in(os.path.join(VM, 'lib', name), seen)
    return seen


def is_known(test):
    """Is all that the test depends on known here?"""
    if 'programs' in test.header['needs'] or test.header['host'] == 'yes':
        return False
    for path in read_in(test.path, set()):
        with open(path, encoding='utf-8') as f:
            if 'poolctl' in f.read():
                return False
    return True


def place(test):
    """Where such a test's success would be: a path; None for one that is not remembered."""
    if not is_known(test):
        return None
    own = {os.path.relpath(p, TOP) for p in read_in(test.path, set())}
    shared = {n for n in passed.files(*SHARED) if not OTHERS.match(n)}
    release = passed.output(os.path.join(VM, 'kernels'), 'release', test.kernel)
    return passed.place(test.name, release, shared | own)
