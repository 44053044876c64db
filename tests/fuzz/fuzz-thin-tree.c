// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any blocks as the metadata of a thin pool that is in use. Checksums are made right first; what is
 * found is in the order of its ids, and whatever leads wherever, it comes to an end; nor are more
 * blocks in use that nobody has than there are.
 *
 * fuzz-src: daemon/pool/thin_tree.c daemon/pool/thin_leak.c daemon/pool/thin_node.c
 * fuzz-src: daemon/pool/thin_parse.c daemon/pool/crc32c.c
 * fuzz-src: daemon/base/str.c daemon/base/error.c daemon/base/size.c
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool/bytes.h"
#include "pool/crc32c.h"
#include "pool/thin_meta.h"

#define BLOCK 4096
#define N_BLOCKS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t all[N_BLOCKS][BLOCK];

static int read_block(void *arg, uint64_t block, uint8_t *ret)
{
	if (block >= N_BLOCKS)
		return -EUCLEAN;
	memcpy(ret, all[block], BLOCK);
	return 0;
}

/* what every block has, so that it is read at all */
static void seal(uint64_t i)
{
	const uint32_t salt = i ? 121107u : 160774u;

	liteio_le_put(all[i] + 8, 8, i);
	if (!i)
		liteio_le_put(all[0] + 32, 8, 27022010u);
	liteio_le_put(all[i], 4, ~liteio_crc32c(0, all[i] + 4, BLOCK - 4) ^ salt);
}

/* bytes go to where the fields are: pairs of block and place, and eight bytes for there */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct liteio_thin_device *d = NULL;
	uint64_t leaked = 0;
	size_t n = 0;

	memset(all, 0, sizeof(all));
	/* a tree to begin with: a node above two leaves */
	liteio_le_put(all[0] + 328, 8, 1);
	/* and one for mappings, an empty leaf, of eight blocks of each kind */
	liteio_le_put(all[0] + 320, 8, 4);
	liteio_le_put(all[0] + 64, 8, N_BLOCKS);
	liteio_le_put(all[0] + 192, 8, N_BLOCKS);
	liteio_le_put(all[4] + 4, 4, 2);
	liteio_le_put(all[4] + 24, 4, 8);
	for (size_t i = 1; i <= 3; i++) {
		liteio_le_put(all[i] + 4, 4, i == 1 ? 1 : 2);
		liteio_le_put(all[i] + 16, 4, 2);
		liteio_le_put(all[i] + 20, 4, 126);
		liteio_le_put(all[i] + 24, 4, i == 1 ? 8 : 24);
		liteio_le_put(all[i] + 32, 8, i * 10);
		liteio_le_put(all[i] + 40, 8, i * 10 + 1);
	}
	liteio_le_put(all[1] + 32 + 126 * 8ull, 8, 2);
	liteio_le_put(all[1] + 40 + 126 * 8ull, 8, 3);
	for (; size >= 11; data += 11, size -= 11)
		memcpy(&all[data[0] % N_BLOCKS][(data[1] | data[2] << 8) % (BLOCK - 8)], data + 3,
		       8);
	for (uint64_t i = 0; i < N_BLOCKS; i++)
		seal(i);
	if (!liteio_thin_tree_leaked(read_block, NULL, &leaked) &&
	    leaked > liteio_le_get(all[0] + 64, 8))
		abort();
	if (liteio_thin_tree_devices(read_block, NULL, &d, &n))
		return 0;
	for (size_t i = 1; i < n; i++)
		if (d[i].id <= d[i - 1].id)
			abort();
	free(d);
	return 0;
}
