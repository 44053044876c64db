/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metadata of dm-thin in a file, for tests: empty ones, and what the real programs make of them.
 */
#ifndef LITEIO_TESTS_THIN_FILES_H
#define LITEIO_TESTS_THIN_FILES_H

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "pool/bytes.h"
#include "pool/crc32c.h"

#define META_BYTES (4 << 20)
#define META_BLOCK 4096
/* of the superblock: flags, held_root, nr_blocks and nr_allocated of the data */
#define SUPERBLOCK_FLAGS_AT 4
#define SUPERBLOCK_HELD_AT 56
#define SUPERBLOCK_DATA_AT 64
#define SUPERBLOCK_ALLOCATED_AT 72
#define SUPERBLOCK_CSUM_XOR 160774u

/* eight bytes of it, and its checksum */
static inline void set_super(uint8_t *block, size_t at, uint64_t value)
{
	liteio_le_put(block + at, 8, value);
	liteio_le_put(block, 4,
		      ~liteio_crc32c(0, block + 4, META_BLOCK - 4) ^ SUPERBLOCK_CSUM_XOR);
}

static void make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, META_BYTES), 0);
	close(fd);
}

static void run(const char *program, const char *from, const char *to)
{
	_cleanup_free_ char *command = liteio_strf("%s %s %s >/dev/null", program, from, to);

	/* NOLINTNEXTLINE(cert-env33-c): a test, and its own words */
	ck_assert_int_eq(system(command), 0);
}

#endif
