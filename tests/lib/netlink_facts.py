# SPDX-License-Identifier: GPL-2.0-or-later
"""What a header, its prose, kmod/netlink.c and a netlink specification each say of the family, in forms
that can be compared. The C compiler evaluates C; the kernel's own tools read the specification."""
import os
import re
import shutil
import subprocess
import sys

# what kmod/netlink.c's policy tables are made of, so that they compile outside the kernel
SHIM = r'''
#include <stdio.h>
#include <stddef.h>
#define NLA_U8 "u8"
#define NLA_U16 "u16"
#define NLA_U32 "u32"
#define NLA_U64 "u64"
#define NLA_NUL_STRING "string"
struct netlink_range_validation { unsigned long long min, max; };
struct nla_policy {
	const char *type, *check;
	const struct netlink_range_validation *range;
	unsigned long long min, max;
	unsigned int len;
};
#define NLA_POLICY_EXACT_LEN(n) { .type = "binary", .check = "exact-len", .len = (n) }
#define NLA_POLICY_FULL_RANGE(t, r) { .type = (t), .check = "range", .range = (r) }
#define NLA_POLICY_RANGE(t, a, b) { .type = (t), .check = "range", .min = (a), .max = (b) }
#define NLA_POLICY_MAX(t, b) { .type = (t), .check = "range", .max = (b) }
#define NLA_POLICY_MASK(t, m) { .type = (t), .check = "mask", .max = (m) }
#define NLA_POLICY_NESTED(p) { .type = "nest", .check = #p }
static void show(const char *name, const struct nla_policy *p, int n)
{
	printf("%s\n", name);
	for (int i = 0; i < n; i++) {
		if (p[i].type)
			printf("%s %d %s %s %llu %llu %u\n", name, i, p[i].type, p[i].check ?: "-",
			       p[i].range ? p[i].range->min : p[i].min,
			       p[i].range ? p[i].range->max : p[i].max, p[i].len);
	}
}
'''
SCALARS = ('u8', 'u16', 'u32', 'u64', 'string')


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def run_c(folder, text):
    """Compile a program whose headers lie in folder, run it, and give its output's lines."""
    out = os.path.join(folder, 'facts')
    gcc = subprocess.run(['gcc', '-std=gnu11', '-w', '-x', 'c', '-', '-I', folder, '-o', out], input=text,
                         text=True, check=False, stderr=subprocess.PIPE)
    if gcc.returncode:
        raise ValueError('does not compile: ' + re.search('error: .*|$', gcc.stderr)[0])
    return subprocess.run([out], stdout=subprocess.PIPE, text=True, check=True).stdout.split('\n')[:-1]


def enums(text):
    """The names in each enum of a header."""
    code = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    return {m[1]: re.findall(r'(?:^|[{,])\s*(\w+)', '{' + m[2]) for m in
            re.finditer(r'enum (\w+) \{(.*?)\}', code, re.S)}


def header_facts(folder, path):
    """Every constant and enumerator of a header with its value: {(where, name): value}."""
    text = read(path)
    names = [('define', n) for n in re.findall(r'^#define (\w+)[ \t]+\S', text, re.M)]
    names += [(enum, n) for enum, members in enums(text).items() for n in members]
    shows = ['printf(_Generic((%s), char *: "%%s\\n", default: "%%lld\\n"), %s);' % (n, n) for _, n in names]
    lines = run_c(folder, '#include <stdio.h>\n#include "%s"\nint main(void)\n{\n%s\nreturn 0;\n}\n' % (
        path, '\n'.join(shows)))
    return dict(zip(names, lines, strict=True))


def documented_types(text):
    """What the kernel-doc of the enums says of each attribute's type: {name: words}."""
    return dict(re.findall(r'^ \* @(LITEIO_(?:[A-Z]+_)?A_\w+): (.*)$', text, re.M))


def prose(text):
    """The commands of the head comment: {command: {'modes', 'in', 'out', 'nests'}}, where 'in' and 'out' are
    lists of (attribute, words that follow), and 'nests' has such a list for each nest by its name."""
    found, here, part = {}, None, None
    for line in re.search(r'^/\*\n.*?^ \*/', text[3:], re.S | re.M)[0].split('\n'):
        line = line[2:] if line.startswith(' *') else line
        title = re.match(r' ([A-Z_]+) \((do, dump|do|multicast)\b.*\)', line)
        if title:
            here = found[title[1].lower().replace('_', '-')] = {
                'modes': title[2].split(', '), 'in': [], 'out': [], 'nests': {}}
            part = 'out' if title[2] == 'multicast' else None
            continue
        if here is None:
            continue
        nested = re.match(r'\t\t\t([A-Z_]+)\t+(.*)', line)
        start = re.match(r'\t(in|out|flags)\t(.*)', line)
        if here['modes'] == ['multicast']:
            line = '\t' + line
        if start:
            part, line = start[1], '\t\t' + start[2]
        elif not line.strip() and here['modes'] != ['multicast']:
            part = None
        if nested and part in ('in', 'out') and here['modes'] != ['multicast']:
            here['nests'].setdefault(here[part][-1][0], []).append((nested[1], nested[2]))
            continue
        item = re.match(r'\t\t([A-Z_]+(?:, [A-Z_]+)*)(?:\t+(.*))?$', line)
        if item and part in ('in', 'out'):
            here[part] += [(name, item[2] or '') for name in item[1].split(', ')]
    return found


class Module:
    """What kmod/netlink.c says: policies, operations, and who may."""

    def __init__(self, folder, header, source):
        self.text = source
        parts = re.findall(r'^#define \w+_POLICY [^\n]*|^static struct netlink_range_validation .*?^};|'
                           r'^static const struct nla_policy .*?^};', source, re.M | re.S)
        names = re.findall(r'^static const struct nla_policy (\w+)\[', source, re.M)
        lines = run_c(folder, '#include "%s"\n%s%s\nint main(void)\n{\n%s\nreturn 0;\n}\n' % (
            header, SHIM, '\n'.join(parts),
            '\n'.join('show("%s", %s, sizeof(%s) / sizeof(*%s));' % (n, n, n, n) for n in names)))
        self.policies = {}
        for line in lines:
            name, *rest = line.split()
            table = self.policies.setdefault(name, {})
            if rest:
                number, kind, check, low, high, length = rest
                table[int(number)] = (kind, check, int(low), int(high), int(length))
        self.ops = {}
        for m in re.finditer(r'^\tOP\((\w+), (\w+), ([^()]*)\)', source, re.M):
            self.ops[m[1]] = dict(re.findall(r'\.(\w+) = (\w+)', m[3]), policy=m[2])
        self.bodies = dict(re.findall(r'^\w[^;{}]*?(\w+)\([^;{}]*\)\n\{\n(.*?)^\}', source, re.M | re.S))

    def checks_privilege(self, function, seen=()):
        """Does the function, or one that it calls, ask for the privilege?"""
        calls = set(re.findall(r'(\w+)\(', self.bodies.get(function, ''))) - set(seen)
        if function == 'check_allowed':
            return 'netlink_capable(skb, CAP_SYS_ADMIN)' in self.bodies[function]
        return any(self.checks_privilege(c, (*seen, function)) for c in calls if c in self.bodies)


class Spec:
    """A specification as the kernel's tools read it; raises what they raise when it is wrong."""

    def __init__(self, folder, text, kernel):
        tools = os.path.join(kernel, 'tools/net/ynl')
        if tools not in sys.path:
            sys.path.insert(0, tools)
        from lib import SpecFamily      # pylint: disable=import-outside-toplevel
        base = os.path.join(folder, 'Documentation/netlink')
        self.path = os.path.join(base, 'specs/liteio.yaml')
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        shutil.copy(os.path.join(kernel, 'Documentation/netlink/genetlink-legacy.yaml'), base)
        # their generator looks for the top of a kernel tree, and makes code under their licence only:
        # what it makes of this copy is compared and thrown away
        with open(os.path.join(folder, 'MAINTAINERS'), 'w', encoding='ascii'):
            pass
        with open(self.path, 'w', encoding='utf-8') as f:
            f.write(re.sub(r'^# SPDX.*', '# SPDX-License-Identifier: '
                           '((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)', text, count=1))
        self.family = SpecFamily(self.path)
        self.generator = os.path.join(tools, 'ynl-gen-c.py')

    def header(self, path):
        """Write the header that the kernel's generator makes of it."""
        subprocess.run([sys.executable, '-B', self.generator, '--mode', 'uapi', '--header', '--spec',
                        self.path, '-o', path], check=True, timeout=60)

    def limit(self, value):
        """A number, or the constant with that name."""
        return value if isinstance(value, int) else int(self.family.consts[value]['value'])

    def request(self, op, mode):
        return op.yaml.get(mode, {}).get('request', {}).get('attributes', [])

    def reply(self, op, mode):
        return op.yaml.get(mode, {}).get('reply', {}).get('attributes', [])

    def policy(self, attr):
        """What the module's policy has to be for an attribute."""
        checks = {k: self.limit(v) for k, v in attr.get('checks', {}).items()}
        if attr.type == 'nest':
            return ('nest', attr['nested-attributes'] + '_policy', 0, 0, 0)
        if attr.type == 'string':
            return ('string', '-', 0, 0, checks.get('max-len', 0))
        if attr.type == 'binary':
            return ('binary', 'exact-len', 0, 0, checks['exact-len'])
        if 'enum' in attr:
            return (attr.type, 'mask', 0, self.family.consts[attr['enum']].get_mask(), 0)
        return (attr.type, 'range' if checks else '-', checks.get('min', 0), checks.get('max', 0), 0)
