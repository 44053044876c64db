# SPDX-License-Identifier: GPL-2.0-or-later
"""What calls itself pure is tested alone. A file of daemon/, csi/ or kmod/ is pure when its first comment
says the word; a unit test (of kmod/: a KUnit suite) names a function or a table of it, or a pure file
that is tested so does. What a test names it links, by a layer's library or a line "unit-src:", or it is
not built."""
import glob
import os
import re
import sys

PURE = re.compile(r'\bpure\b', re.IGNORECASE)
COMMENT = re.compile(r'/\*.*?\*/', re.DOTALL)
# a definition that others can use: at the beginning of a line, not static but inline
FUNCTION = re.compile(r'^(?!static (?!inline)|typedef|return\b|else\b)[a-z][\w \t\n*]*?\b([a-z]\w+)'
                      r'\([^;{}]*\)\s*\{', re.MULTILINE)
# likewise
TABLE = re.compile(r'^const [\w \t*]*?\b([a-z]\w+)\[\w*\] = \{', re.MULTILINE)
LICENCE = re.compile(r'^/\* SPDX-License-Identifier: .*?\*/\n|^// SPDX-License-Identifier: .*\n')
TESTS = {'daemon': 'tests/unit/*.c', 'csi': 'tests/unit/*.c', 'kmod': 'tests/kunit/*.c'}
# Not of these, and why.
EXEMPT = {'kmod/pure.h': 'it is about the pure files, and what they need of kernel or libc'}


def read(path):
    with open(path, encoding='utf-8') as f:
        return LICENCE.sub('', f.read(), count=1)


def names(text):
    """All words of a text that are no comment."""
    return set(re.findall(r'\w+', COMMENT.sub('', text)))


def calls_itself_pure(text):
    comment = COMMENT.match(text.lstrip())
    return bool(comment and PURE.search(comment[0]))


class Noun:
    """A .c and its .h, of which at least one calls itself pure."""

    def __init__(self, path):
        texts = [read(path[:-1] + suffix) for suffix in 'ch' if os.path.exists(path[:-1] + suffix)]
        self.path = path
        self.offers = {f for text in texts for f in FUNCTION.findall(text) + TABLE.findall(text)}
        self.names = {name for text in texts for name in names(text)}


def untested(top):
    """The pure files below a folder of which no test comes to know, by path."""
    left = {}
    for path in sorted(glob.glob(top + '/**/*.[ch]', recursive=True)):
        if path not in EXEMPT and calls_itself_pure(read(path)):
            left.setdefault(path[:-2], Noun(path))
    known = {name for path in glob.glob(TESTS[top]) for name in names(read(path))}
    while True:
        reached = [noun for noun, n in left.items() if n.offers & known]
        if not reached:
            return [n.path for n in left.values()]
        for noun in reached:
            known |= left.pop(noun).names


def main():
    bad = ['%s:1: it calls itself pure, and no unit test comes to what it offers' % path
           for top in sorted(TESTS) for path in untested(top)]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
