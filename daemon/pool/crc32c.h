/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C (Castagnoli), as iSCSI and ext4 use it. Pure.
 */
#ifndef LITEIO_POOL_CRC32C_H
#define LITEIO_POOL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* checksum of @len bytes, going on from @crc (0 to begin) */
uint32_t liteio_crc32c(uint32_t crc, const void *data, size_t len);

#endif
