# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom: computes the include graph of kmod/, daemon/, csi/ and include/, and fails on
an arrow that is not allowed, a cycle, a header nobody can find, a third-party header in a header of ours,
two libraries in one file, or one library's header in two files."""
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)

# The module's files by layer; a layer is one or several nouns (file names without suffix).
KMOD = {
    'main': ['main'],
    'head': ['head'],
    'netlink': ['netlink', 'netlink_dirty', 'request', 'message', 'events'],
    'configfs': ['configfs'],
    'registry': ['registry', 'volume', 'attachment', 'fence', 'dirty', 'trace'],
    'stats': ['stats', 'qos'],
    'common': ['liteio'],
    'pure': ['pure', 'bucket', 'chunks', 'generations', 'hist', 'table'],
    'compat': ['compat'],
}

# What each layer may include besides itself. The front ends (head, netlink, configfs) do not know one
# another, and the pure parts know nothing of the kernel, so that they can be tested alone.
ALLOWED = {
    'kmod/main': ['kmod/head', 'kmod/netlink', 'kmod/configfs', 'kmod/registry', 'kmod/stats',
                  'kmod/common', 'kmod/pure', 'kmod/compat', 'uapi'],
    'kmod/head': ['kmod/registry', 'kmod/stats', 'kmod/common', 'kmod/pure', 'kmod/compat', 'uapi'],
    'kmod/netlink': ['kmod/registry', 'kmod/stats', 'kmod/common', 'kmod/pure', 'kmod/compat', 'uapi'],
    'kmod/configfs': ['kmod/registry', 'kmod/stats', 'kmod/common', 'kmod/pure', 'kmod/compat', 'uapi'],
    'kmod/registry': ['kmod/stats', 'kmod/common', 'kmod/pure', 'kmod/compat', 'uapi'],
    'kmod/stats': ['kmod/common', 'kmod/pure', 'kmod/compat', 'uapi'],
    'kmod/common': ['kmod/pure', 'uapi'],
    'kmod/pure': ['uapi'],
    'kmod/compat': [],
    'uapi': [],
    'base': [],
    'host': ['base', 'uapi'],
    'model': ['base'],
    'kube': ['base'],
    'pool': ['base', 'host'],
    'agent': ['base', 'host', 'model', 'kube', 'pool', 'uapi'],
    'controller': ['base', 'kube', 'model'],
    'ctl': ['base', 'model'],
    'csi': ['base', 'kube', 'model', 'host'],
}

# Of these layers only some headers may be used by some.
ONLY = {('csi', 'host'): ['mount', 'block']}

# Third-party headers that are part of another's interface, not a library used for itself.
PART_OF = {
    'netlink/genl/genl.h': 'netlink', 'netlink/genl/ctrl.h': 'netlink', 'netlink/netlink.h': 'netlink',
}
# Libraries whose use cannot be confined to one file, and why.
SHARED = {
    'systemd/sd-event.h': 'each kind of event source is a noun of its own',
    'protobuf-c/protobuf-c.h': 'the generated messages are its types',
}


def layer_of(path):
    """The layer a file belongs to, or None when it is in none."""
    parts = path.split('/')
    noun = parts[-1].rsplit('.', 1)[0]
    if parts[0] == 'kmod':
        for layer, nouns in KMOD.items():
            if noun in nouns:
                return 'kmod/' + layer
        return 'kmod/?'
    if parts[0] == 'include':
        return 'uapi'
    if parts[0] == 'daemon' and len(parts) > 2:
        return parts[1]
    return 'csi' if parts[0] == 'csi' else None


def system_headers():
    """The headers of libc, the compiler and the kernel's user interface."""
    found = set()
    gcc = subprocess.run(['gcc', '-print-file-name=include'], stdout=subprocess.PIPE, text=True,
                         check=True).stdout.strip()
    packages = subprocess.run(['dpkg', '-L', 'libc6-dev', 'linux-libc-dev'], stdout=subprocess.PIPE,
                              text=True, check=True).stdout.split('\n')
    for path in packages:
        match = re.match(r'/usr/include/(?:x86_64-linux-gnu/)?(.+\.h)$', path)
        if match:
            found.add(match[1])
    return found | set(os.listdir(gcc))


def sources():
    for top in ('kmod', 'daemon', 'csi', 'include'):
        for folder, _, names in os.walk(top):
            yield from (os.path.join(folder, n) for n in sorted(names) if n.endswith(('.c', '.h')))


def resolve(path, name, quoted):
    """The file of ours that an include means, or None."""
    if path.startswith('kmod/') and name == 'uapi/linux/liteio.h':
        name = 'linux/liteio.h'
    folders = [os.path.dirname(path)] if quoted else []
    folders += ['include/uapi'] if not quoted else ['daemon', 'csi', 'include/uapi']
    for folder in folders:
        full = os.path.normpath(os.path.join(folder, name))
        if os.path.exists(full):
            return full
    return None


class Graph:
    """The include graph and what is wrong with it."""

    def __init__(self):
        self.bad = []
        self.edges = {}
        self.foreign = {}
        self.system = system_headers()

    def complain(self, path, line, text):
        self.bad.append('%s:%d: %s' % (path, line, text))

    def add(self, path):
        with open(path, encoding='utf-8') as f:
            text = f.read()
        self.edges[path] = []
        if layer_of(path) == 'kmod/?':
            self.complain(path, 1, 'no layer: KMOD in tests/lint/layers.py names every file of kmod/')
        for match in INCLUDE.finditer(text):
            line = text.count('\n', 0, match.start(2)) + 1
            self.include(path, line, match[2], match[1] == '"')

    def include(self, path, line, name, quoted):
        target = resolve(path, name, quoted)
        if target:
            self.edges[path].append(target)
            self.arrow(path, line, target)
        elif quoted and not (path.startswith('csi/') and name.endswith('.pb-c.h')):
            self.complain(path, line, '"%s" is nowhere' % name)
        elif not quoted and not path.startswith(('kmod/', 'include/')) and name not in self.system:
            self.third_party(path, line, name)

    def arrow(self, path, line, target):
        source, dest = layer_of(path), layer_of(target)
        if source == dest or '?' in (source or '') + (dest or ''):
            return
        if dest not in ALLOWED.get(source, []):
            self.complain(path, line, '%s may not include %s (%s)' % (source, target, dest))
        noun = os.path.basename(target)[:-2]
        if noun not in ONLY.get((source, dest), [noun]):
            self.complain(path, line, '%s may include only %s of %s' % (
                source, ' and '.join(ONLY[source, dest]), dest))

    def third_party(self, path, line, name):
        if name in SHARED:
            return
        if path.endswith('.h'):
            self.complain(path, line, '<%s>: a header of ours shows no types of a library' % name)
        library = PART_OF.get(name, name.split('/')[0])
        self.foreign.setdefault(library, {}).setdefault(path, line)

    def libraries(self):
        for library, users in sorted(self.foreign.items()):
            for path, line in sorted(users.items())[1:] if len(users) > 1 else []:
                self.complain(path, line, '%s is used in %s already: one file per library' % (
                    library, sorted(users)[0]))
        by_file = {}
        for library, users in self.foreign.items():
            for path, line in users.items():
                by_file.setdefault(path, []).append((line, library))
        for path, used in sorted(by_file.items()):
            if len(used) > 1:
                self.complain(path, max(used)[0], 'two libraries in one file: %s' % ', '.join(
                    library for _, library in sorted(used)))

    def cycles(self):
        state = {}

        def visit(path, trail):
            if state.get(path) == 'done':
                return
            if path in trail:
                loop = trail[trail.index(path):] + [path]
                self.complain(path, 1, 'headers include one another: ' + ' -> '.join(loop))
                return
            for target in self.edges.get(path, []):
                visit(target, trail + [path])
            state[path] = 'done'

        for path in sorted(self.edges):
            visit(path, [])


def main():
    graph = Graph()
    for path in sources():
        graph.add(path)
    graph.libraries()
    graph.cycles()
    print('\n'.join(graph.bad), end='\n' if graph.bad else '')
    return 1 if graph.bad else 0


if __name__ == '__main__':
    sys.exit(main())
