/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node of a tree in metadata of dm-thin: struct node_header of the kernel's dm-btree-internal.h,
 * then so many keys as there may be, then values. Pure.
 */
#ifndef LITEIO_POOL_THIN_NODE_H
#define LITEIO_POOL_THIN_NODE_H

#include <stdbool.h>
#include <stdint.h>

#define LITEIO_THIN_META_BLOCK 4096u
/* nodes above nodes: no tree of this kernel is deeper */
#define LITEIO_THIN_DEPTH_MAX 8u
/* bytes of a value that is a block, which those above leaves are */
#define LITEIO_THIN_CHILD_BYTES 8u
/* struct thin_disk_superblock of the kernel's dm-thin-metadata.c: where trees begin */
#define LITEIO_THIN_SUPERBLOCK_MAPPING_AT 320
#define LITEIO_THIN_SUPERBLOCK_DETAILS_AT 328

/**
 * struct liteio_thin_node - a block of a tree, as it is to be understood
 * @block: the block: the caller's
 * @n: entries
 * @n_max: room for so many
 * @value_bytes: of each value
 * @is_leaf: its values are what the tree is about, else blocks
 */
struct liteio_thin_node {
	const uint8_t *block;
	uint64_t n;
	uint64_t n_max;
	uint64_t value_bytes;
	bool is_leaf;
};

/*
 * @block, which was read at block @at, of a tree whose leaves have values of so many bytes, eight
 * at least; 0, or -EUCLEAN and @ret is not to be used
 */
int liteio_thin_node_parse(const uint8_t *block, uint64_t at, uint64_t leaf_bytes,
			   struct liteio_thin_node *ret);
/* of entry @i, which there is */
uint64_t liteio_thin_node_key(const struct liteio_thin_node *n, uint64_t i);
/* the first eight bytes of its value: a child's block is no more */
uint64_t liteio_thin_node_value(const struct liteio_thin_node *n, uint64_t i);

#endif
