/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pure files need of their surroundings, in the kernel and in a userspace test alike.
 *
 * A pure file (table.c, generations.c, hist.c, bucket.c, chunks.c) takes no lock, allocates nothing,
 * knows no device and no message. It includes this header and its own, so that unit tests and
 * fuzzers compile the very same file with the sanitizers of userspace.
 */
#ifndef LITEIO_PURE_H
#define LITEIO_PURE_H

#ifdef __KERNEL__

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#include <uapi/linux/liteio.h>

#else

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/liteio.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

/* never called with 0 here */
static inline int fls64(u64 x)
{
	return 64 - __builtin_clzll(x);
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, v) ((x) = (v))

#endif

#endif
