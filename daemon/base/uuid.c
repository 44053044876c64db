// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UUIDs: parsing, formatting, making random ones.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/uuid.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* is there a dash before byte @i of the text? */
static bool dash_before(size_t i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

int liteio_uuid_parse(const char *s, struct liteio_uuid *ret)
{
	struct liteio_uuid u;

	if (!s)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(u.b); i++) {
		int hi, lo;

		if (dash_before(i) && *s++ != '-')
			return -EINVAL;
		hi = hex_value(s[0]);
		if (hi < 0)
			return -EINVAL;
		lo = hex_value(s[1]);
		if (lo < 0)
			return -EINVAL;
		u.b[i] = (uint8_t)(hi << 4 | lo);
		s += 2;
	}
	if (*s)
		return -EINVAL;
	*ret = u;
	return 0;
}

/* eight digits of four bytes, all at once: it is done for each name of a device, and in answers */
static void put_hex(char *to, const uint8_t *bytes)
{
	const uint64_t each = 0x0101010101010101ull;
	uint32_t four;
	uint64_t x;

	memcpy(&four, bytes, sizeof(four));
	x = be32toh(four);
	/* half of it each time, until there is a digit in each byte */
	x = (x & 0xffff) | (x & 0xffff0000) << 16;
	x = (x & 0x000000ff000000ffull) | (x & 0x0000ff000000ff00ull) << 8;
	x = (x & 0x000f000f000f000full) | (x & 0x00f000f000f000f0ull) << 4;
	/* those above 9 have a bit more with 6 added */
	x = x + each * '0' + ((x + each * 6) >> 4 & each) * ('a' - '9' - 1);
	x = htobe64(x);
	memcpy(to, &x, sizeof(x));
}

void liteio_uuid_format(const struct liteio_uuid *u, char out[LITEIO_UUID_STRLEN + 1])
{
	char digits[32];

	for (size_t i = 0; i < sizeof(u->b); i += 4)
		put_hex(digits + 2 * i, u->b + i);
	memcpy(out, digits, 8);
	out[8] = '-';
	memcpy(out + 9, digits + 8, 4);
	out[13] = '-';
	memcpy(out + 14, digits + 12, 4);
	out[18] = '-';
	memcpy(out + 19, digits + 16, 4);
	out[23] = '-';
	memcpy(out + 24, digits + 20, 12);
	out[LITEIO_UUID_STRLEN] = '\0';
}

void liteio_uuid_random(struct liteio_uuid *ret)
{
	/* up to 256 bytes come whole, and only a kernel without the call can fail */
	if (getrandom(ret->b, sizeof(ret->b), 0) != (ssize_t)sizeof(ret->b))
		abort();
	ret->b[6] = (uint8_t)((ret->b[6] & 0x0f) | 0x40);
	ret->b[8] = (uint8_t)((ret->b[8] & 0x3f) | 0x80);
}

void liteio_uuid_ordered(struct liteio_uuid *ret)
{
	struct timespec ts;
	uint64_t ms, part;

	liteio_uuid_random(ret);
	clock_gettime(CLOCK_REALTIME, &ts);
	ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	/* what is left of the millisecond, in 4096ths of it */
	part = (uint64_t)ts.tv_nsec % 1000000 * 4096 / 1000000;
	for (int i = 0; i < 6; i++)
		ret->b[i] = (uint8_t)(ms >> (40 - 8 * i));
	ret->b[6] = (uint8_t)(0x70 | part >> 8);
	ret->b[7] = (uint8_t)part;
}

bool liteio_uuid_is_null(const struct liteio_uuid *u)
{
	static const struct liteio_uuid null;

	return liteio_uuid_equal(u, &null);
}

bool liteio_uuid_equal(const struct liteio_uuid *a, const struct liteio_uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}
