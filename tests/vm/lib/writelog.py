# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of one disk, as the emulator's block driver "blklogwrites" writes it: every write and every flush,
in the order they ended (the format is that of dm-log-writes in the kernel,
Documentation/admin-guide/device-mapper/log-writes.rst), and what a power cut makes of it."""
import os
import struct
import sys

MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD = 1, 2, 4
SECTOR = 512


class Entry:
    """One line of the log."""

    def __init__(self, start, end, sector, count, flags):
        self.start, self.end = start, end       # in the log; its data ends there
        self.sector, self.count, self.flags = sector, count, flags

    def waits(self):
        """It is there for sure only when a flush has ended after it."""
        return bool(self.count) and not self.flags & FUA


def read_log(log):
    """All entries; what a killed emulator was writing at its end is left out."""
    size = os.fstat(log.fileno()).st_size
    magic, version, _, unit = struct.unpack('<QQQI', log.read(28))
    if magic != MAGIC or version != 1 or unit != SECTOR:
        sys.exit('%s: this is no log of writes with sectors of %d bytes' % (log.name, SECTOR))
    entries, at = [], unit
    while at + unit <= size:
        log.seek(at)
        sector, count, flags, _ = struct.unpack('<QQQQ', log.read(32))
        data = 0 if flags & DISCARD else count * unit
        if (not count and not flags) or at + unit + data > size:
            break
        entries.append(Entry(at + unit, at + unit + data, sector, count, flags))
        at += unit + data
    return entries


def play(log, entry, disk, shift, sectors=None):
    """Do to the disk, which begins at shift, what the entry says, or the first sectors of it."""
    count = entry.count if sectors is None else sectors
    disk.seek(shift + entry.sector * SECTOR)
    if entry.flags & DISCARD:
        disk.write(bytes(count * SECTOR))
    else:
        log.seek(entry.start)
        disk.write(log.read(count * SECTOR))


def advance(log, entry, pending, disk, shift):
    """The next entry: what is there for sure goes to the disk, what is not is pending."""
    # what a flush covers is what had ended before; a write that is forced goes behind it
    if entry.flags & FLUSH:
        for one in pending:
            play(log, one, disk, shift)
        pending.clear()
    if entry.waits():
        pending.append(entry)
    elif entry.count:
        play(log, entry, disk, shift)


def lose(rng, pending):
    """What was not flushed: [entry, sectors] for what is there all the same; None: all of them."""
    kept = rng.choice((0.0, 0.5, 0.9, 1.0))
    out = [[entry, None] for entry in pending if rng.random() < kept]
    if out and rng.random() < 0.5:
        one = rng.choice(out)
        one[1] = rng.randrange(one[0].count + 1)
    return out
