# SPDX-License-Identifier: GPL-2.0-or-later
"""Every folder has a README that says what lives there, what it may include or stands on, and where to start
reading.

The rule: each folder with files in git, and each folder of such folders, has a README.md. Small folders
below one that has a README may be left to it: they are in COVERED, and that README names them. What is
nothing to be read in is in EXEMPT, with the reason. A README.md begins with a heading, has a sentence of
what may be included or used, or what it stands on (NEEDS), and one of where to start (START); that of the
whole tree is for users and has neither."""
import os
import re
import sys

# folder -> the folder whose README tells of it, by its name
COVERED = {
    'include/uapi': 'include',
    'include/uapi/linux': 'include',
    'tests/cluster/guest': 'tests/cluster',
    'tests/fuzz/fuzz-bucket.d': 'tests/fuzz',
    'tests/fuzz/fuzz-chunks.d': 'tests/fuzz',
    'tests/fuzz/fuzz-h2.d': 'tests/fuzz',
    'tests/fuzz/fuzz-json.d': 'tests/fuzz',
    'tests/fuzz/fuzz-netlink.d': 'tests/fuzz',
    'tests/fuzz/fuzz-table.d': 'tests/fuzz',
    'tests/k8s-modules/kubernetes': 'tests/k8s-modules',
    'tests/k8s-modules/sidecars': 'tests/k8s-modules',
    'tests/vm/demo': 'tests/vm',
    'tests/vm/guest': 'tests/vm',
    'tests/vm/kernel': 'tests/vm',
    'tests/vm/modules': 'tests/vm',
    'tests/vm/plugins': 'tests/vm',
    'tests/vm/tools/kmodctl': 'tests/vm/tools',
    'tests/vm/tools/poolctl': 'tests/vm/tools',
}
EXEMPT = {
    '.ci': 'one script, which calls what the README of the tree says',
    'LICENSES': 'texts of licences, by the names that SPDX gives them',
}
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


def check_covered(folder):
    above = os.path.join(COVERED[folder], 'README.md')
    name = os.path.relpath(folder, COVERED[folder])
    if not os.path.exists(above):
        yield '%s/: %s is to tell of it, and is not there' % (folder, above)
    elif '%s/' % name not in read(above):
        yield '%s:1: it is to tell of %s/, and does not name it' % (above, name)


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
    bad = []
    for folder in sorted(found - set(EXEMPT)):
        bad += check_covered(folder) if folder in COVERED else check(folder)
    # this tree, not one that is made to show that this can fail
    if 'tests/lint' in found:
        bad += ['tests/lint/readmes.py:1: there is no folder %s any more' % folder
                for folder in sorted((set(COVERED) | set(EXEMPT)) - found)]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
