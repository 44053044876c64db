# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test is made of; when that is the same, it need not run again (tests/lib/passed.py).

It is the module, the tools, the bed, the test with all that it reads in or names, the kernel, and every
package of this machine, whose root the guests have; of one that uses programs of ours, what these are made
of, too."""
import os
import re
import sys

VM = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
TOP = os.path.normpath(os.path.join(VM, '..', '..'))
sys.path.insert(0, os.path.join(TOP, 'tests', 'lib'))
import passed  # noqa: E402

SHARED = ['Kbuild', 'Makefile', 'kmod', 'include', 'tests/lib', 'tests/vm']
# parts of tests/vm that a test of the module has only when it names them itself
PROGRAMS = ['daemon', 'deploy', 'tests/vm/tools/poolctl', 'tests/vm/tools/nodecost.c',
            'tests/vm/tools/nodecost.h']
OTHERS = re.compile(r'tests/vm/(tests|bench|demo|plugins)/|tests/vm/lib/[a-z]+\.sh$'
                    r'|tests/vm/tools/(poolctl/|nodecost(-floor|-exit)?\.[ch]$)|.*\.md$')
# files of this tree that a script names from its top
NAMED = re.compile(r'\$LITEIO_TOP/([\w./-]+)')
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


def named(own):
    """What these scripts name, and is a file."""
    found = set()
    for path in own:
        with open(path, encoding='utf-8') as f:
            found |= {n for n in NAMED.findall(f.read()) if os.path.isfile(os.path.join(TOP, n))}
    return found


def uses_programs(test, own):
    """Does it run anything of daemon/?"""
    if 'programs' in test.header['needs']:
        return True
    for path in own:
        with open(path, encoding='utf-8') as f:
            if 'poolctl' in f.read():
                return True
    return False


def place(test):
    """Where this test's success would be: a path."""
    own = read_in(test.path, set())
    shared = {n for n in passed.files(*SHARED) if not OTHERS.match(n)}
    if uses_programs(test, own):
        shared |= {n for n in passed.files(*PROGRAMS) if not n.endswith('.md')}
    release = passed.output(os.path.join(VM, 'kernels'), 'release', test.kernel)
    shared |= named(own) | {os.path.relpath(p, TOP) for p in own}
    return passed.place(test.name, release, shared)
