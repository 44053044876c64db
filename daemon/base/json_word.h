/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Eight characters of a string at a time, for json_write.c and json_indent.c. Pure.
 */
#ifndef LITEIO_BASE_JSON_WORD_H
#define LITEIO_BASE_JSON_WORD_H

#include <stdint.h>

#define LITEIO_WORD_EACH 0x0101010101010101ull /* of a byte: that byte eight times */
#define LITEIO_WORD_HIGH 0x8080808080808080ull

/* a high bit where a byte is 0; above one that is, others may have theirs as well */
static inline uint64_t liteio_word_zeros(uint64_t bytes)
{
	return (bytes - LITEIO_WORD_EACH) & ~bytes & LITEIO_WORD_HIGH;
}

/* the same where a byte is a quote or a backslash */
static inline uint64_t liteio_word_marks(uint64_t bytes)
{
	return liteio_word_zeros(bytes ^ LITEIO_WORD_EACH * '"') |
	       liteio_word_zeros(bytes ^ LITEIO_WORD_EACH * '\\');
}

#endif
