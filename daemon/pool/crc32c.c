// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRC-32C: by the instruction of SSE 4.2, or by eight tables, a byte of eight in each.
 *
 * What a checksum becomes when zeros follow is linear in its bits: four tables of 256 say it for
 * one length, and the checksum of the bytes that follow is added to that (exclusive or). For any
 * number of such lengths it is multiplied, as a polynomial, by what one becomes.
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "pool/crc32c.h"

#define POLY 0x82f63b78u /* reversed 0x1edc6f41 */

static uint32_t table[8][256];
static uint32_t behind_unit[4][256];
static uint32_t behind_units[32]; /* what one becomes behind 1, 2, 4, ... units */
static uint32_t (*update)(uint32_t crc, const uint8_t *p, size_t len);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t by_table(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		       (uint32_t)p[3] << 24;
		crc = table[7][crc & 0xff] ^ table[6][crc >> 8 & 0xff] ^
		      table[5][crc >> 16 & 0xff] ^ table[4][crc >> 24] ^ table[3][p[4]] ^
		      table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
	}
	while (len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2")))
static uint32_t by_instruction(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t wide = crc;

	for (; len >= 8; p += 8, len -= 8) {
		uint64_t v;

		memcpy(&v, p, sizeof(v));
		wide = __builtin_ia32_crc32di(wide, v);
	}
	crc = (uint32_t)wide;
	while (len--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}

static bool has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#else
#define by_instruction by_table

static bool has_instruction(void)
{
	return false;
}
#endif

#define ONE 0x80000000u /* the first bit is the highest power */

/* of polynomials, modulo that of the checksum */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (; a; a <<= 1) {
		if (a & ONE)
			product ^= b;
		b = b & 1 ? b >> 1 ^ POLY : b >> 1;
	}
	return product;
}

static void make_tables(void)
{
	static const uint8_t zeros[LITEIO_CRC32C_UNIT];

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (int bit = 0; bit < 8; bit++)
			v = v & 1 ? v >> 1 ^ POLY : v >> 1;
		table[0][i] = v;
	}
	for (uint32_t i = 0; i < 256; i++) {
		for (int t = 1; t < 8; t++)
			table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 0xff];
	}
	/* those of single bits make all others */
	for (int t = 0; t < 4; t++) {
		for (int bit = 0; bit < 8; bit++)
			behind_unit[t][1 << bit] = by_table(1u << (8 * t + bit), zeros,
							    sizeof(zeros));
		for (uint32_t i = 1; i < 256; i++)
			behind_unit[t][i] = behind_unit[t][i & (i - 1)] ^ behind_unit[t][i & -i];
	}
	behind_units[0] = behind_unit[3][ONE >> 24];
	for (int i = 1; i < 32; i++)
		behind_units[i] = multiply(behind_units[i - 1], behind_units[i - 1]);
	update = has_instruction() ? by_instruction : by_table;
}

uint32_t liteio_crc32c(uint32_t crc, const void *data, size_t len)
{
	pthread_once(&once, make_tables);
	return ~update(~crc, data, len);
}

uint32_t liteio_crc32c_by_table(uint32_t crc, const void *data, size_t len)
{
	pthread_once(&once, make_tables);
	return ~by_table(~crc, data, len);
}

uint32_t liteio_crc32c_join(uint32_t crc, uint32_t unit_crc)
{
	pthread_once(&once, make_tables);
	return behind_unit[0][crc & 0xff] ^ behind_unit[1][crc >> 8 & 0xff] ^
	       behind_unit[2][crc >> 16 & 0xff] ^ behind_unit[3][crc >> 24] ^ unit_crc;
}

uint32_t liteio_crc32c_join_many(uint32_t crc, uint32_t units_crc, uint32_t n)
{
	pthread_once(&once, make_tables);
	for (int i = 0; n; i++, n >>= 1) {
		if (n & 1)
			crc = multiply(behind_units[i], crc);
	}
	return crc ^ units_crc;
}
