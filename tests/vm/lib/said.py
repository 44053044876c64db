# SPDX-License-Identifier: GPL-2.0-or-later
"""What was said before an end, of a power cut or of an agent, and whether it holds (work.sh says it).

  said.py acks VOLUME BLOCKS FILE...    the newest acknowledged sequence of each block, for stampwriter
  said.py judge STATE FILE              is what is there (STATE, JSON) what was said in the FILE?
  said.py selftest                      can "judge" fail?

A FILE is what was said between two ends, but for its first line. Its lines:

  there STATE              what was found when it began
  VOLUME BLOCK SEQ         this write is acknowledged
  failed VOLUME BLOCK      this one has failed
  ask VERB NAME [VALUE]    this is asked for: from here on it may be there or not
  did VERB NAME [VALUE]    and is done: it is there
  begun, error WHAT        nothing more is there by these

"NAME,NAME" with "VALUE,VALUE" are several that come about together, or not at all. A last line without an
end was not said."""
import json
import struct
import sys

# What becomes of an object; None: it is not there. Who attaches raises the floor in a way of its own.
VERBS = {
    'create': lambda state, value: {'state': 'ready', 'sizeBytes': int(value), 'attached': False,
                                    'readIOPS': 0},
    'snap': lambda state, value: {'state': 'ready', 'volume': value},
    'grow': lambda state, value: dict(state, sizeBytes=int(value)),
    'limit': lambda state, value: dict(state, readIOPS=int(value)),
    'mark': lambda state, value: dict(state, mark=value),
    'attach': lambda state, value: dict(without(state, 'floor'), attached=True),
    'detach': lambda state, value: dict(without(state, 'floor'), attached=False),
    'floor': lambda state, value: dict(state, floor=int(value)),
    'pool': lambda state, value: {'state': 'ready', 'disks': int(value)},
    'away': lambda state, value: dict(state, away=value != '0'),
    'delete': lambda state, value: None,
}


def without(state, key):
    return {k: v for k, v in state.items() if k != key}


def lines(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return [line for line in f if line.endswith('\n')]


def acks(volume, blocks, paths):
    newest = [0] * blocks
    for path in paths:
        for words in map(str.split, lines(path)):
            if len(words) == 3 and words[0] == volume:
                newest[int(words[1])] = max(newest[int(words[1])], int(words[2]))
    return struct.pack('=%dQ' % blocks, *newest)


def after(world, verb, names, values=''):
    """The world, name -> state, once that is done."""
    new = dict(world)
    if verb == 'rename':
        new[values] = new.pop(names)
        return new
    names = names.split(',')
    for name, value in zip(names, values.split(',') if ',' in values else [values] * len(names)):
        new[name] = VERBS[verb](new.get(name), value)
    return new


def worlds(said):
    """What may be there: one world, or two when the last thing that was asked for was not said to be done."""
    now, then = {}, None
    for line in said:
        word, _, rest = line.strip().partition(' ')
        if word == 'there':
            now = json.loads(rest)
        elif word == 'ask':
            then = after(now, *rest.split())
        elif word == 'did':
            now, then = after(now, *rest.split()), None
    return [now] if then is None else [now, then]


def holds(state, there):
    if state is None or there is None:
        return state is there
    # what is not spoken of is at home
    return all(there.get(key, False) == value for key, value in dict({'away': False}, **state).items())


def differences(world, there):
    for name in sorted(world.keys() | there.keys()):
        if not holds(world.get(name), there.get(name)):
            yield '%s is %s, and not %s' % (name, of(there.get(name)), of(world.get(name)))


def judge(there, said):
    """What does not hold, a sentence each."""
    for line in said:
        if line.startswith('failed '):
            yield 'a write has failed: ' + line.strip()
    wrong = [list(differences(world, there)) for world in worlds(said)]
    if all(wrong):
        yield from wrong[0]
        for one in wrong[1:]:
            yield 'nor is that done which was asked for last: ' + '; '.join(one)


def of(state):
    return 'gone' if state is None else json.dumps(state)


def selftest():
    there = {'keep': {'sizeBytes': 8, 'attached': True, 'floor': 1, 'mark': 'x'}}
    begin = 'there %s\n' % json.dumps(there)
    made = {'state': 'ready', 'sizeBytes': 4, 'attached': False, 'floor': 0, 'readIOPS': 0}
    snap = {'state': 'ready', 'volume': 'keep'}
    wide = {'state': 'ready', 'disks': 1}
    raised = ['ask floor keep 5', 'did floor keep 5']
    create = ['ask create a 4', 'did create a 4']
    group = ['ask snap s,t keep,keep']
    pool = ['ask pool wide 1', 'did pool wide 1']
    export = create + pool + ['ask away wide,a 1,1']
    back = export + ['did away wide,a 1,1', 'ask away wide,a 0,0', 'did away wide,a 0,0']
    # what is there beside "keep", what was said, and whether that holds
    rows = [
        ({}, [], True),
        ({'a': made}, [], False),
        ({'keep': None}, [], False),
        ({'keep': {'sizeBytes': 8, 'attached': False, 'floor': 1}}, [], False),
        ({}, ['ask create a 4'], True),
        ({'a': made}, ['ask create a 4'], True),
        ({'a': dict(made, state='creating')}, ['ask create a 4'], False),
        ({}, create, False),
        ({'a': made}, create, True),
        ({'a': dict(made, sizeBytes=9)}, create, False),
        ({'keep': dict(there['keep'], floor=5)}, ['ask floor keep 5'], True),
        ({}, ['ask floor keep 5'], True),
        ({}, raised, False),
        ({'keep': dict(there['keep'], floor=6)}, raised + ['ask floor keep 6'], True),
        ({}, raised + ['ask floor keep 6'], False),
        ({'keep': dict(there['keep'], sizeBytes=9)}, ['ask grow keep 9', 'did grow keep 9'], True),
        ({}, ['ask grow keep 9', 'did grow keep 9'], False),
        ({'keep': None}, ['ask detach keep', 'did detach keep', 'ask delete keep', 'did delete keep'], True),
        ({}, ['ask detach keep', 'did detach keep', 'ask delete keep'], False),
        ({'s': snap}, ['ask snap s keep', 'did snap s keep'], True),
        ({'s': dict(snap, volume='a')}, ['ask snap s keep', 'did snap s keep'], False),
        ({}, ['keep 3 7', 'failed keep 3'], False),
        ({'a': dict(made, readIOPS=2)}, create + ['ask limit a 2', 'did limit a 2'], True),
        ({'a': made}, create + ['ask limit a 2', 'did limit a 2'], False),
        ({'keep': dict(there['keep'], mark='y')}, ['ask mark keep y'], True),
        ({'keep': dict(there['keep'], mark='z')}, ['ask mark keep y'], False),
        ({}, ['ask mark keep y', 'did mark keep y'], False),
        ({}, group, True),
        ({'s': snap, 't': snap}, group, True),
        ({'s': snap}, group, False),
        ({'b': made}, create + ['ask rename a b'], True),
        ({'a': made}, create + ['ask rename a b'], True),
        ({'a': made, 'b': made}, create + ['ask rename a b'], False),
        ({}, create + ['ask rename a b'], False),
        ({'a': made}, create + ['ask rename a b', 'did rename a b'], False),
        ({'wide': wide}, pool, True),
        ({'wide': dict(wide, disks=2)}, pool, False),
        ({'wide': dict(wide, away=True)}, pool, False),
        ({'wide': wide, 'a': made}, export, True),
        ({'wide': dict(wide, away=True), 'a': dict(made, away=True)}, export, True),
        ({'wide': dict(wide, away=True)}, export, False),
        ({'wide': wide, 'a': made}, export + ['did away wide,a 1,1'], False),
        ({'wide': wide, 'a': made}, back, True),
        ({'wide': dict(wide, away=True), 'a': dict(made, away=True)}, back, False),
    ]
    wrong = 0
    for changed, said, right in rows:
        now = {name: state for name, state in dict(there, **changed).items() if state is not None}
        bad = list(judge(now, [begin] + [line + '\n' for line in said]))
        if (not bad) != right:
            print('%s, after %s: %s' % (now, said, bad))
            wrong += 1
    return wrong


def main():
    if sys.argv[1] == 'acks':
        sys.stdout.buffer.write(acks(sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
        return 0
    if sys.argv[1] == 'selftest':
        return 1 if selftest() else 0
    bad = list(judge(json.loads(sys.argv[2]), lines(sys.argv[3])))
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
