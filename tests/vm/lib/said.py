# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest has said before its power was cut, and whether it holds (agent-power.sh).

  said.py acks VOLUME BLOCKS FILE...    the newest acknowledged sequence of each block, for stampwriter
  said.py judge STATE FILE              is what is there (STATE, JSON) what was said in the FILE?
  said.py selftest                      can "judge" fail?

A FILE is what was said between two cuts, but for its first line. Its lines:

  there STATE              what was found when it began
  VOLUME BLOCK SEQ         this write is acknowledged
  failed VOLUME BLOCK      this one has failed
  ask VERB NAME [VALUE]    this is asked for: from here on it may be there or not
  did VERB NAME [VALUE]    and is done: it is there

A last line without an end was not said."""
import json
import struct
import sys

# What becomes of an object; None: it is not there. Who attaches raises the floor in a way of its own.
VERBS = {
    'create': lambda state, value: {'sizeBytes': int(value), 'attached': False},
    'snap': lambda state, value: {'volume': value},
    'grow': lambda state, value: dict(state, sizeBytes=int(value)),
    'attach': lambda state, value: dict(without(state, 'floor'), attached=True),
    'detach': lambda state, value: dict(without(state, 'floor'), attached=False),
    'floor': lambda state, value: dict(state, floor=int(value)),
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


def allowed(said):
    """name -> the states that it may be in; one that was never spoken of may not be there."""
    may, before = {}, []
    for line in said:
        word, _, rest = line.strip().partition(' ')
        if word == 'there':
            may = {name: [state] for name, state in json.loads(rest).items()}
        elif word in ('ask', 'did'):
            verb, name, *value = rest.split()
            if word == 'ask':
                before = may.get(name, [None])
            after = [VERBS[verb](state, value[0] if value else None) for state in before]
            may[name] = before + after if word == 'ask' else after
    return may


def holds(state, there):
    if state is None or there is None:
        return state is there
    return all(there.get(key) == value for key, value in state.items())


def judge(there, said):
    """What does not hold, a sentence each."""
    may = allowed(said)
    for line in said:
        if line.startswith('failed '):
            yield 'a write has failed: ' + line.strip()
    for name in sorted(may.keys() | there.keys()):
        states = may.get(name, [None])
        if not any(holds(state, there.get(name)) for state in states):
            yield '%s is %s, and may be %s' % (name, of(there.get(name)), ' or '.join(map(of, states)))


def of(state):
    return 'gone' if state is None else json.dumps(state)


def selftest():
    there = {'keep': {'sizeBytes': 8, 'attached': True, 'floor': 1}}
    begin = 'there %s\n' % json.dumps(there)
    made = {'sizeBytes': 4, 'attached': False, 'floor': 0}
    raised = ['ask floor keep 5', 'did floor keep 5']
    # what is there beside "keep", what was said, and whether that holds
    rows = [
        ({}, [], True),
        ({'a': made}, [], False),
        ({'keep': None}, [], False),
        ({'keep': {'sizeBytes': 8, 'attached': False, 'floor': 1}}, [], False),
        ({}, ['ask create a 4'], True),
        ({'a': made}, ['ask create a 4'], True),
        ({}, ['ask create a 4', 'did create a 4'], False),
        ({'a': made}, ['ask create a 4', 'did create a 4'], True),
        ({'a': dict(made, sizeBytes=9)}, ['ask create a 4', 'did create a 4'], False),
        ({'keep': dict(there['keep'], floor=5)}, ['ask floor keep 5'], True),
        ({}, ['ask floor keep 5'], True),
        ({}, raised, False),
        ({'keep': dict(there['keep'], floor=6)}, raised + ['ask floor keep 6'], True),
        ({}, raised + ['ask floor keep 6'], False),
        ({'keep': dict(there['keep'], sizeBytes=9)}, ['ask grow keep 9', 'did grow keep 9'], True),
        ({}, ['ask grow keep 9', 'did grow keep 9'], False),
        ({'keep': None}, ['ask detach keep', 'did detach keep', 'ask delete keep', 'did delete keep'], True),
        ({}, ['ask detach keep', 'did detach keep', 'ask delete keep'], False),
        ({'s': {'volume': 'keep'}}, ['ask snap s keep', 'did snap s keep'], True),
        ({'s': {'volume': 'a'}}, ['ask snap s keep', 'did snap s keep'], False),
        ({}, ['keep 3 7', 'failed keep 3'], False),
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
