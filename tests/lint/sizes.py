# SPDX-License-Identifier: GPL-2.0-or-later
"""Files and functions stay small enough to be read in one go.

A C file over 600 lines needs a comment "Over 600 lines because ..." near its top. A function over 80
lines has none: it is several functions."""
import re
import sys

FILE_MAX, FUNCTION_MAX = 600, 80
REASON = re.compile(r'over 600 lines because', re.IGNORECASE)


def functions(lines):
    """Every function's name, first line and length: its body starts with { in the first column."""
    start = None
    for i, line in enumerate(lines):
        if line == '{':
            start = i
        elif line.startswith('}') and start is not None:
            head = start
            while head > 0 and not re.match(r'[a-zA-Z_].*\(', lines[head]):
                head -= 1
            name = re.search(r'(\w+)\(', lines[head])
            yield name[1] if name else '?', head + 1, i - start + 1
            start = None


def main():
    bad = []
    for path in sys.argv[1:]:
        with open(path, encoding='utf-8') as f:
            lines = f.read().split('\n')
        if len(lines) > FILE_MAX + 1 and not REASON.search('\n'.join(lines[:60])):
            bad.append('%s:1: %d lines; over %d need a comment with the reason' % (
                path, len(lines) - 1, FILE_MAX))
        bad += ['%s:%d: %s() has %d lines, over %d' % (path, at, name, length, FUNCTION_MAX)
                for name, at, length in functions(lines) if length > FUNCTION_MAX]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
