# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes on the disk of a pool, for tests that change them: what daemon/pool/ondisk.h says of labels and of
the headers of slots. With PYTHONPATH=$LITEIO_TOP/tests/vm/lib, in guests."""
import struct

# where label and header have their checksum, which counts as zeros
CRC = slice(16, 20)


def crc32c(data):
    """As daemon/pool/crc32c.h."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def seal(block):
    """Its checksum is right again; of a label, or of a header, in a bytearray of its own."""
    block[CRC] = bytes(4)
    block[CRC] = struct.pack('<I', crc32c(block))
