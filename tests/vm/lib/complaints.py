# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel says on the console that no healthy kernel does.

As a program, "complaints.py FILE...": the complaints in consoles, each with the lines after it; the exit
code is 1 when there are any. "complaints.py --selftest": what kernels have said when they were not well is
found, what healthy ones say is not (lib/consoles.py)."""
import os
import re
import sys

# What a line starts with, after its time stamp and perhaps who printed it.
STAMP = r'^(?:\[[ 0-9.]+\](?:\[ *[TC][0-9]+\])? )?'
KINDS = [
    r'(?:\[ )?BUG: ', r'WARNING: ', r'Oops: ', r'Oops ', r'kernel BUG at ', r'Kernel panic',
    r'general protection fault', r'[a-z][a-z0-9 ]*: [0-9a-f]{4} \[#[0-9]+\]', r'traps: PANIC',
    r'Unable to handle kernel', r'watchdog: BUG: ', r'(?:NMI )?watchdog: .*hard LOCKUP',
    r'INFO: task .* blocked.* for more than', r'(?:rcu: )?INFO: rcu\S* .*stall',
    r'rcu: .*(?:kthread starved|kthread timer wakeup)', r'INFO: possible',
    r'INFO: trying to register non-static key', r'INFO: lockdep is turned off', r'DEBUG_LOCKS_WARN_ON',
    r'UBSAN: ', r'refcount_t: ', r'list_add corruption', r'list_del corruption', r'list_add double add',
    r'unchecked MSR', r'cache_from_obj: ', r'BUG \S+ \((?:Not t|T)ainted', r'ODEBUG: ', r'pagealloc: ',
    r'kmemleak: .*suspected memory leak', r'kmemleak: .*disabled',
]
COMPLAINTS = re.compile('%s(?:%s)' % (STAMP, '|'.join(KINDS)))

# Data races of the kernel's own are many and known to its people; a report counts when the access is in
# one of these modules, or in a helper that works for it.
OURS = r'\[(?:liteio|mistakes)\]'
RACE = 'BUG: KCSAN: '
RULE = re.compile(r'={20}')
ACCESS = re.compile(r'(?:race at unknown origin, with )?(?:\S+ )*(?:read|write)(?: \(\S+\))? (?:to|of) 0x')
HELPER = re.compile(r'_{0,2}(?:str|sized_str|mem|list_|hlist_|find_|bitmap_|refcount_|kref_|atomic|bio_list_|'
                    r'percpu_ref_)')


def _text(line):
    """A line without its time stamp."""
    return re.sub(r'^\[[^]]*\](?:\[[^]]*\])? ', '', line).strip()


def _race_is_ours(lines):
    """Is this report of a data race, from its first line on, about our code?"""
    if re.search(OURS, lines[0]):
        return True
    report = []
    for line in lines[1:]:
        if RULE.search(line):
            break
        report.append(_text(line))
    for n, line in enumerate(report):
        if not ACCESS.match(line):
            continue
        frames = [frame for frame in report[n + 1:] if not HELPER.match(frame)]
        if frames and re.search(OURS, frames[0]):
            return True
    return False


def complaints(console):
    """The lines of a console that no healthy kernel prints."""
    lines = console.split('\n')
    return [line for n, line in enumerate(lines)
            if COMPLAINTS.match(line) and (RACE not in line or _race_is_ours(lines[n:n + 100]))]


def selftest():
    """What is wrong with the list above, a sentence each: every kind is the only one to find some line of
    ill kernels, all of those are found, and nothing that healthy ones say."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # python3 -I leaves it out
    import consoles  # pylint: disable=import-outside-toplevel
    kinds = [re.compile(STAMP + kind) for kind in KINDS]
    faults = ['not found: %s' % line for line in consoles.ILL if not complaints(line)]
    faults += ['taken for a complaint: %s' % line for line in complaints(consoles.HEALTHY)]
    for kind in kinds:
        found = [line for line in consoles.ILL if [k for k in kinds if k.match(line)] == [kind]]
        if not found:
            faults.append('no line of an ill kernel is found by "%s" alone' % kind.pattern[len(STAMP):])
    faults += ['a race of ours is passed over: %s' % text.split('\n', 2)[1] for text in consoles.OUR_RACES
               if not complaints(text)]
    return faults + ['a race that is not ours: %s' % line for text in consoles.OTHER_RACES
                     for line in complaints(text)]


def main():
    """For scripts: what complaints there are in these files."""
    if sys.argv[1:] == ['--selftest']:
        faults = selftest()
        print('\n'.join(faults), end='\n' if faults else '')
        return 1 if faults else 0
    found = False
    for path in sys.argv[1:]:
        with open(path, encoding='utf-8', errors='replace') as f:
            text = f.read().replace('\r', '')
        lines, bad = text.split('\n'), set(complaints(text))
        show = set()
        for n, line in enumerate(lines):
            if line in bad:
                show.update(range(n, min(n + 16, len(lines))))
        for n in sorted(show):
            print('%s:%d: %s' % (path, n + 1, lines[n]))
        found = found or bool(bad)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
