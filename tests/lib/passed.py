#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What has passed here and is made of the same still has passed.

What something said when it passed is kept below the cache, one file per name, under a checksum of what it is
made of: files of this tree, every package of this machine, and what else the caller knows of.

    passed.py place NAME ALSO PATH...   where such a success would be; paths of the tree, ALSO is any text
    passed.py recall PLACE              the day on which it passed; it fails when that is not known
    passed.py remember PLACE            it has passed, and said what comes from stdin
"""
import datetime
import functools
import hashlib
import os
import re
import subprocess
import sys

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
KEPT = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'liteio', 'passed')


def output(*command):
    return subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, check=True).stdout


@functools.lru_cache(maxsize=None)
def packages():
    return output('dpkg-query', '-W')


@functools.lru_cache(maxsize=None)
def files(*paths):
    """The files of this tree below these, as git knows them."""
    return frozenset(n for n in output('git', 'ls-files', '-z', '--', *paths).decode().split('\0') if n)


def place(name, also, names):
    """Where the success of what is made of these files and of the bytes in "also" would be: a path."""
    total = hashlib.sha256(packages() + also)
    for path in sorted(names):
        total.update(path.encode() + b'\0')
        if os.path.isfile(os.path.join(TOP, path)):
            with open(os.path.join(TOP, path), 'rb') as f:
                total.update(hashlib.sha256(f.read()).digest())
    return os.path.join(KEPT, '%s-%s' % (name.replace('/', '-'), total.hexdigest()[:16]))


def recall(path):
    """The day on which it passed, or None."""
    if not os.path.exists(path):
        return None
    return datetime.date.fromtimestamp(os.stat(path).st_mtime).isoformat()


def remember(path, text):
    """It has passed, and said this. What was remembered under the same name goes."""
    os.makedirs(KEPT, exist_ok=True)
    name = os.path.basename(path)
    same = re.compile(re.escape(name[:name.rindex('-')]) + '-[0-9a-f]{16}')
    for old in os.listdir(KEPT):
        if same.fullmatch(old):
            os.unlink(os.path.join(KEPT, old))
    with open(path + '.new', 'w', encoding='utf-8') as f:
        f.write(text)
    os.rename(path + '.new', path)


def main(verb='', *args):
    if verb == 'place' and len(args) > 2:
        print(place(args[0], args[1].encode(), files(*args[2:])))
    elif verb == 'recall' and len(args) == 1:
        day = recall(args[0])
        if not day:
            sys.exit(1)
        print(day)
    elif verb == 'remember' and len(args) == 1 and os.path.dirname(args[0]) == KEPT:
        remember(args[0], sys.stdin.buffer.read().decode('utf-8', 'replace'))
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(*sys.argv[1:])
