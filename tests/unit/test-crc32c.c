// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRC-32C: known vectors, the instruction against the table, and several checksums made one.
 */
#include <stdlib.h>
#include <string.h>

#include "pool/crc32c.h"
#include "unit.h"

#define BYTES 5000u

/* something that is the same in each run */
static void fill(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}

START_TEST(test_known)
{
	static uint32_t (*const all[])(uint32_t crc, const void *data, size_t len) = {
		liteio_crc32c,
		liteio_crc32c_by_table,
	};
	uint8_t up[32], down[32], zeros[32] = { 0 }, ones[32];

	memset(ones, 0xff, sizeof(ones));
	for (uint8_t i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = (uint8_t)(31 - i);
	}
	/* RFC 3720, B.4 */
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(all[i](0, zeros, 32), 0x8a9136aa);
		ck_assert_uint_eq(all[i](0, ones, 32), 0x62a8ab43);
		ck_assert_uint_eq(all[i](0, up, 32), 0x46dd794e);
		ck_assert_uint_eq(all[i](0, down, 32), 0x113fdb5c);
		ck_assert_uint_eq(all[i](0, "123456789", 9), 0xe3069283);
		ck_assert_uint_eq(all[i](all[i](0, "1234", 4), "56789", 5), 0xe3069283);
		ck_assert_uint_eq(all[i](0, "", 0), 0);
	}
}
END_TEST

START_TEST(test_both_agree)
{
	static uint8_t bytes[BYTES];

	fill(bytes, sizeof(bytes), 1);
	/* every length and every alignment that a loop of eight could get wrong */
	for (size_t from = 0; from < 9; from++) {
		for (size_t len = 0; len < 70; len++)
			ck_assert_uint_eq(liteio_crc32c(7, bytes + from, len),
					  liteio_crc32c_by_table(7, bytes + from, len));
		ck_assert_uint_eq(liteio_crc32c(0, bytes + from, BYTES - from),
				  liteio_crc32c_by_table(0, bytes + from, BYTES - from));
	}
}
END_TEST

START_TEST(test_join)
{
	static uint8_t bytes[BYTES];

	fill(bytes, sizeof(bytes), 2);
	for (size_t len = 0; len + LITEIO_CRC32C_UNIT <= BYTES; len += 37)
		ck_assert_uint_eq(liteio_crc32c_join(liteio_crc32c(0, bytes, len),
						     liteio_crc32c(0, bytes + len,
								   LITEIO_CRC32C_UNIT)),
				  liteio_crc32c(0, bytes, len + LITEIO_CRC32C_UNIT));
}
END_TEST

/* any number of units, none among them, behind anything; and as many as a slot has records */
START_TEST(test_join_many)
{
	static uint8_t bytes[7 + 600 * LITEIO_CRC32C_UNIT];
	uint32_t crc, units_crc, unit_crc;

	fill(bytes, sizeof(bytes), 3);
	crc = liteio_crc32c(0, bytes, 7);
	for (uint32_t n = 0; n <= 600; n++) {
		units_crc = liteio_crc32c(0, bytes + 7, n * LITEIO_CRC32C_UNIT);
		ck_assert_uint_eq(liteio_crc32c_join_many(crc, units_crc, n),
				  liteio_crc32c(0, bytes, 7 + n * LITEIO_CRC32C_UNIT));
	}
	unit_crc = liteio_crc32c(0, bytes, LITEIO_CRC32C_UNIT);
	units_crc = 0;
	for (uint32_t n = 1, all = crc; n <= 16384; n++) {
		all = liteio_crc32c_join(all, unit_crc);
		units_crc = liteio_crc32c_join(units_crc, unit_crc);
		if (n % 127 == 0 || n == 16384)
			ck_assert_uint_eq(liteio_crc32c_join_many(crc, units_crc, n), all);
	}
}
END_TEST

UNIT_MAIN("crc32c", test_known, test_both_agree, test_join, test_join_many)
