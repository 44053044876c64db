/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C (Castagnoli), as iSCSI and ext4 use it. Pure.
 */
#ifndef LITEIO_POOL_CRC32C_H
#define LITEIO_POOL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* the length that liteio_crc32c_join() knows */
#define LITEIO_CRC32C_UNIT 512u

/* of @len bytes, going on from @crc (0 to begin); by the CPU's instruction if it has one */
uint32_t liteio_crc32c(uint32_t crc, const void *data, size_t len);
/* the same by table, on every CPU */
uint32_t liteio_crc32c_by_table(uint32_t crc, const void *data, size_t len);

/*
 * The checksum of some bytes followed by LITEIO_CRC32C_UNIT others, from that of the ones and that
 * of the others: a few instructions, and none of the bytes is read.
 */
uint32_t liteio_crc32c_join(uint32_t crc, uint32_t unit_crc);
/* the same of @n such units, from the checksum of all of them: some hundred for each bit of @n */
uint32_t liteio_crc32c_join_many(uint32_t crc, uint32_t units_crc, uint32_t n);

#endif
