# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernels of the bed, and what a guest needs more of on those that are built to find mistakes."""
import collections

# slow: every limit of time is so many times longer; memory: MiB beside what was asked for, for what such a
# kernel remembers; leaks: it can tell what was forgotten
Kernel = collections.namedtuple('Kernel', 'slow memory leaks')

STOCK = {
    '6.1': Kernel(1, 0, False),
    '6.12': Kernel(1, 0, False),
    '7': Kernel(1, 0, False),
}
# tests/vm/kernel has the configuration of each
BUILT = {
    'debug': Kernel(6, 512, True),
    'kcsan': Kernel(6, 0, False),
}
KERNELS = {**STOCK, **BUILT}
