# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel says on the console that no healthy kernel does.

As a program, "complaints.py FILE...": the complaints in consoles, each with the lines after it; the exit
code is 1 when there are any."""
import re
import sys

# A line starts with its time stamp, and perhaps who printed it.
COMPLAINTS = re.compile(
    r'^(?:\[[ 0-9.]+\](?:\[ *[TC][0-9]+\])? )?(?:'
    r'(?:\[ )?BUG: |WARNING: |Oops: |Oops |kernel BUG at |Kernel panic|general protection fault|'
    r'(?:watchdog: )?BUG: |INFO: task .* blocked for more than|'
    r'(?:rcu: )?INFO: rcu\S* .*stall|rcu: .*(?:detected stalls|kthread starved)|'
    r'INFO: possible|INFO: trying to register non-static key|INFO: lockdep is turned off|'
    r'UBSAN: |refcount_t: |list_(?:add|del) (?:corruption|double add)|DEBUG_LOCKS_WARN_ON|'
    r'unchecked MSR|Unable to handle kernel|stack segment: |int3: |traps: PANIC|'
    r'cache_from_obj: |BUG \S+ \((?:Not t|T)ainted|ODEBUG: |pagealloc: |'
    r'kmemleak: .*(?:suspected memory leak|disabled))')

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


def main():
    """For scripts: what complaints there are in these files."""
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
