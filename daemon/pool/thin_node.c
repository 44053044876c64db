// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A node of a tree in metadata of dm-thin. Pure.
 */
#include <errno.h>

#include "pool/bytes.h"
#include "pool/crc32c.h"
#include "pool/thin_node.h"

/*
 * struct node_header: csum over all behind it, flags, blocknr, nr_entries, max_entries, value_size,
 * padding
 */
#define FLAGS_AT 4
#define BLOCKNR_AT 8
#define ENTRIES_AT 16
#define ENTRIES_MAX_AT 20
#define VALUE_BYTES_AT 24
#define KEYS_AT 32
#define INTERNAL 1u
#define LEAF 2u
#define CSUM_XOR 121107u

int liteio_thin_node_parse(const uint8_t *block, uint64_t at, uint64_t leaf_bytes,
			   struct liteio_thin_node *ret)
{
	const uint64_t flags = liteio_le_get(block + FLAGS_AT, 4);
	const uint32_t crc =
		~liteio_crc32c(0, block + FLAGS_AT, LITEIO_THIN_META_BLOCK - FLAGS_AT) ^ CSUM_XOR;

	*ret = (struct liteio_thin_node){
		.block = block,
		.n = liteio_le_get(block + ENTRIES_AT, 4),
		.n_max = liteio_le_get(block + ENTRIES_MAX_AT, 4),
		.value_bytes = flags & LEAF ? leaf_bytes : LITEIO_THIN_CHILD_BYTES,
		.is_leaf = flags & LEAF,
	};
	if (liteio_le_get(block, 4) != crc || liteio_le_get(block + BLOCKNR_AT, 8) != at ||
	    (flags != LEAF && flags != INTERNAL) ||
	    liteio_le_get(block + VALUE_BYTES_AT, 4) != ret->value_bytes || ret->n > ret->n_max ||
	    ret->n_max > (LITEIO_THIN_META_BLOCK - KEYS_AT) / (8 + ret->value_bytes))
		return -EUCLEAN;
	return 0;
}

uint64_t liteio_thin_node_key(const struct liteio_thin_node *n, uint64_t i)
{
	return liteio_le_get(n->block + KEYS_AT + i * 8, 8);
}

uint64_t liteio_thin_node_value(const struct liteio_thin_node *n, uint64_t i)
{
	return liteio_le_get(n->block + KEYS_AT + n->n_max * 8 + i * n->value_bytes, 8);
}
