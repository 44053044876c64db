# SPDX-License-Identifier: GPL-2.0-or-later
"""Every source file says its licence, and nothing promises work that is not done."""
import os
import re
import sys

# What each file's first lines must say, by where it lies; the first pattern that matches counts.
LICENCES = [
    (r'include/uapi/', 'GPL-2.0 WITH Linux-syscall-note'),
    (r'(kmod/|tests/kunit/(.*\.[ch]|Makefile)$|Kbuild$)', 'GPL-2.0-only'),
    (r'', 'GPL-2.0-or-later'),
]
SOURCE = re.compile(r'(\.([ch]|sh|py|mk|proto)|(^|/)(Makefile|Kbuild))$')
# Written apart, or this file would find itself.
FORBIDDEN = re.compile(r'\b(' + '|'.join(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX']) + r')\b|' +
                       r'(?i:\b(not' + r' (yet )?implemented|place' + r'holder|st' + r'ub(bed)?)\b)')
# Files that talk about such words, not with them.
EXEMPT = {'tests/lint/selftest', 'tests/lint/README.md', '.checkpatch.conf'}


def licence_of(path):
    return next(name for pattern, name in LICENCES if re.match(pattern, path))


def check(path):
    try:
        with open(path, encoding='utf-8') as f:
            text = f.read()
    except UnicodeDecodeError:
        return
    head = text[:400].split('\n')[:3]
    if SOURCE.search(path) or (text.startswith('#!') and os.access(path, os.X_OK)):
        want = 'SPDX-License-Identifier: ' + licence_of(path)
        if not any(re.search(re.escape(want) + r'( \*/)?$', line) for line in head):
            yield '%s:1: the first line says "%s"' % (path, want)
    if path in EXEMPT or path.startswith('LICENSES/'):
        return
    for number, line in enumerate(text.split('\n'), 1):
        match = FORBIDDEN.search(line)
        if match:
            yield '%s:%d: "%s": what is out of scope fails with a clear error, or is absent' % (
                path, number, match[0])


def main():
    bad = [line for path in sys.argv[1:] for line in check(path)]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
