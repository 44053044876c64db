# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-format's opinion of C files, as far as it is a matter of right and wrong.

What it would change is sorted: spacing and the indentation of statements count; where a line is broken and
how columns of a table are aligned is the author's decision, and checkpatch judges the rest."""
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

# Loops that are macros: those of the libraries; ours are found by their names.
LOOPS = ['json_object_object_foreach', 'kmod_list_foreach', 'udev_list_entry_foreach']
LOOP = re.compile(r'^\s+(\w*for_?each\w*)\(.*[){,]$', re.IGNORECASE | re.MULTILINE)
# "delete" and "new" are names like others in C, but not to clang-format
KEYWORDS = re.compile(r'\b(delete|new|class|private|this|template|namespace|operator)\b')


def style(text):
    loops = sorted(set(LOOPS) | set(LOOP.findall(text)))
    with open('.clang-format', encoding='utf-8') as f:
        lines = [line.rstrip() for line in f if not line.startswith('#')]
    base = []
    for line in lines:
        if line.startswith('ForEachMacros'):
            break
        base.append(line)
    return '{%s, ForEachMacros: [%s]}' % (', '.join(base), ', '.join(loops))


def counts(data, offset, length, new):
    """Is this replacement one that matters?"""
    old = data[offset:offset + length].decode()
    if ('\n' in old) != ('\n' in new):
        return False
    if '\n' not in old:
        # both blank: columns; one of them empty: a blank too many or missing
        return not (old and new)
    # inside a bracket or an expression that goes on, indentation is alignment
    before = data[:offset].decode().rstrip()
    code = re.sub(r'(?s)/\*.*?\*/|//[^\n]*', '', before[-400:]).rstrip()
    label = re.search(r'(?m)^\s*(case .*|default|\w+):$', code[code.rfind('\n') + 1:])
    return code.endswith((';', '}', '{')) or bool(label)


def in_initializer(data, offset):
    """Is the offset inside the braces of an initializer, or in a macro that makes one?"""
    line = data[data.rfind(b'\n', 0, offset) + 1:offset]
    if line.lstrip().startswith((b'#define', b'{', b'[', b'.')):
        return True
    depth = 0
    for i in range(offset - 1, max(0, offset - 20000), -1):
        c = data[i:i + 1]
        if c == b'}':
            depth += 1
        elif c == b'{' and depth:
            depth -= 1
        elif c == b'{':
            return data[:i].rstrip().endswith((b'=', b',', b'{'))
    return False


def check(path):
    with open(path, 'rb') as f:
        data = f.read()
    plain = KEYWORDS.sub(lambda m: 'x' * len(m[0]), data.decode())
    done = subprocess.run(['clang-format', '--style=' + style(plain), '--assume-filename=' + path,
                           '--output-replacements-xml'], input=plain, stdout=subprocess.PIPE,
                          text=True, check=True)
    bad = []
    for node in ET.fromstring(done.stdout.replace('&#10;', '&#xA;')).findall('replacement'):
        offset, length = int(node.get('offset')), int(node.get('length'))
        if counts(plain.encode(), offset, length, node.text or '') and not in_initializer(data, offset):
            line = data.count(b'\n', 0, offset + length) + 1
            text = data.split(b'\n')[line - 1].decode().strip()
            if ')(' in text:    # a type with parentheses: it is not sure itself
                continue
            bad.append('%s:%d: clang-format would lay this out otherwise: %s' % (path, line, text[:100]))
    return sorted(set(bad))


def main():
    bad = [line for path in sys.argv[1:] for line in check(path)]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
