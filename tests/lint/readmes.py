# SPDX-License-Identifier: GPL-2.0-or-later
"""Every folder has a README that says what lives there, what it may include or stands on, and where to start
reading.

The rule: each folder with files in git, and each folder of such folders, has a README.md; there is no
exception. It begins with a heading, has a sentence of what may be included or used, or what it stands on
(NEEDS), and one of where to start (START); that of the whole tree is for users and has neither."""
import os
import re
import sys

NEEDS = re.compile(r'\bmay (also )?(include|use|source|be included)\b|\b(depends?|stands?) on\b')
START = re.compile(r'\bstart (reading|with|at)\b|\bread (from|this first)\b|\bwhere to start\b')


def folders(paths):
    """All folders of these files, and those above them."""
    found = {''}
    for path in paths:
        folder = os.path.dirname(path)
        while folder:
            found.add(folder)
            folder = os.path.dirname(folder)
    return found


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def check(folder):
    path = os.path.join(folder, 'README.md')
    if not os.path.exists(path):
        yield '%s: there is none (tests/lint/readmes.py has the rule)' % path
        return
    text = read(path)
    if not text.startswith('# '):
        yield '%s:1: the first line is a heading' % path
    words = ' '.join(text.lower().split())
    if folder and not NEEDS.search(words):
        yield '%s:1: it does not say what may be included or used here, or what this stands on' % path
    if folder and not START.search(words):
        yield '%s:1: it does not say where to start reading' % path


def main():
    found = folders(sys.argv[1:])
    bad = [line for folder in sorted(found) for line in check(folder)]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
