# SPDX-License-Identifier: GPL-2.0-or-later
"""Are numbered blocks where they were written?

  there.py VOLUME DEVICE FILE

FILE is what was said, with lines "wrote VOLUME BLOCK NUMBER": a block of 4096 bytes has that number in it as
text. What is not there is printed, a line each."""
import sys

BLOCK = 4096


def main():
    volume, device, said = sys.argv[1:]
    with open(said, encoding='utf-8') as f:
        wrote = [line.split()[2:] for line in f if line.startswith('wrote %s ' % volume)]
    bad = 0
    with open(device, 'rb') as disk:
        for block, number in wrote:
            disk.seek(int(block) * BLOCK)
            found = disk.read(BLOCK)
            if found != b'%4096d' % int(number):
                print('block %s has to have %s: %r' % (block, number, found[-8:]))
                bad += 1
    print('%d of %d' % (len(wrote) - bad, len(wrote)), file=sys.stderr)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
