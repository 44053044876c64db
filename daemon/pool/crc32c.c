// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRC-32C by table. A slot is at most 8 MiB and is written a few times a second: speed is no
 * matter.
 */
#include <pthread.h>

#include "pool/crc32c.h"

#define POLY 0x82f63b78u /* reversed 0x1edc6f41 */

static uint32_t table[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (int bit = 0; bit < 8; bit++)
			v = v & 1 ? v >> 1 ^ POLY : v >> 1;
		table[i] = v;
	}
}

uint32_t liteio_crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	pthread_once(&once, make_table);
	crc = ~crc;
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}
