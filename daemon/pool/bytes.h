/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Little-endian numbers and padded strings in on-disk structures. Pure.
 */
#ifndef LITEIO_POOL_BYTES_H
#define LITEIO_POOL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pool/ondisk.h"

static inline uint64_t liteio_le_get(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static inline void liteio_le_put(uint8_t *p, size_t n, uint64_t v)
{
	for (size_t i = 0; i < n; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

/* the field's own size says how many bytes it has: only for liteio_le16, le32, le64 members */
#define liteio_get(field) liteio_le_get((field), sizeof(field))
#define liteio_put(field, value) liteio_le_put((field), sizeof(field), (value))

static inline bool liteio_is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i])
			return false;
	}
	return true;
}

/* copy a string that is terminated, padded with zeros and printable; false when it is not */
static inline bool liteio_text_get(const uint8_t *from, size_t n, char *ret)
{
	const uint8_t *end = memchr(from, 0, n);

	if (!end || !liteio_is_zero(end, (size_t)(from + n - end)))
		return false;
	for (const uint8_t *p = from; p < end; p++) {
		if (*p < 0x20 || *p == 0x7f)
			return false;
	}
	memcpy(ret, from, n);
	return true;
}

static inline void liteio_text_put(uint8_t *to, size_t n, const char *s)
{
	size_t len = strnlen(s, n - 1);

	memset(to, 0, n);
	memcpy(to, s, len);
}

#endif
