# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest has said before its power was cut, and whether it holds (agent-power.sh).

  said.py acks VOLUME BLOCKS FILE...    the newest acknowledged sequence of each block, for stampwriter
  said.py judge STATE FILE...           is what is there (STATE, JSON) what was said in the last FILE?

A FILE is what was said between two cuts. Its lines:

  VOLUME BLOCK SEQ         this write is acknowledged
  failed VOLUME BLOCK      this one has failed
  ask VERB NAME [VALUE]    this is asked for: from here on it may be there or not
  did VERB NAME [VALUE]    and is done: it is there

A last line without an end was not said. At the begin of a FILE there is what KEPT names, as the FILEs before
left it, and nothing else."""
import json
import struct
import sys

KEPT = ('keep', 'line', 'low')
# what becomes of an object: its state is what can be asked for later; None: it is not there
VERBS = {
    'create': lambda state, value: {'sizeBytes': int(value), 'attached': False},
    'snap': lambda state, value: {'volume': value},
    'grow': lambda state, value: dict(state, sizeBytes=int(value)),
    'attach': lambda state, value: dict(state, attached=True),
    'detach': lambda state, value: dict(state, attached=False),
    'floor': lambda state, value: dict(state or {}, floor=int(value)),
    'delete': lambda state, value: None,
}


def lines(path):
    with open(path, encoding='ascii', errors='replace') as f:
        return [line.split() for line in f if line.endswith('\n')]


def acks(volume, blocks, paths):
    newest = [0] * blocks
    for path in paths:
        for words in lines(path):
            if len(words) == 3 and words[0] == volume:
                newest[int(words[1])] = max(newest[int(words[1])], int(words[2]))
    return struct.pack('=%dQ' % blocks, *newest)


def allowed(paths):
    """name -> the states that it may be in; of names that were never spoken of nothing."""
    may = {}
    for path in paths:
        may = {name: states for name, states in may.items() if name in KEPT}
        for words in lines(path):
            if words[0] not in ('ask', 'did'):
                continue
            word, verb, name = words[:3]
            was = may.get(name, [None] if name not in KEPT else [{}])
            if word == 'ask':
                asked = was
                now = [VERBS[verb](state, words[3] if len(words) > 3 else None) for state in was]
                may[name] = was + now
            else:
                may[name] = [VERBS[verb](state, words[3] if len(words) > 3 else None) for state in asked]
    return may


def holds(state, there):
    if state is None or there is None:
        return state is there
    return all(there.get(key) == value for key, value in state.items())


def judge(there, paths):
    """What does not hold, a sentence each."""
    may = allowed(paths)
    for words in lines(paths[-1]):
        if words[0] == 'failed':
            yield 'a write has failed: %s' % ' '.join(words)
    for name, states in may.items():
        if not any(holds(state, there.get(name)) for state in states):
            yield '%s is %s, and may be %s' % (name, there.get(name), ' or '.join(map(str, states)))
    for name in there:
        if name not in may and name not in KEPT:
            yield '%s is there, which nobody has asked for: %s' % (name, there[name])
    for name in KEPT:
        if name not in there:
            yield '%s is gone' % name


def main():
    if sys.argv[1] == 'acks':
        sys.stdout.buffer.write(acks(sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
        return 0
    bad = list(judge(json.loads(sys.argv[2]), sys.argv[3:]))
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
