// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocks that are in use by what metadata of dm-thin say, and that none of their devices has. Pure:
 * blocks come from a function.
 *
 * A discard that is passed down is two changes of them: the blocks are the device's no more, and
 * are held until the disk has done it (dm-thin.c process_prepared_discard_passdown_pt1() and _pt2()
 * of the kernel). When the power is cut after a commit that came between both, nobody lets them go.
 *
 * The kernel has written how many blocks are in use; all trees are walked for those that devices
 * have. Nodes that several devices share are read once.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "pool/bytes.h"
#include "pool/thin_meta.h"
#include "pool/thin_node.h"

/* struct disk_sm_root of the kernel's dm-space-map-common.h: nr_blocks, nr_allocated */
#define SUPERBLOCK_ALLOCATED_AT 72
/* held_root */
#define SUPERBLOCK_HELD_AT 56
/* both trees': a device's tree, or a block and the time of its mapping */
#define VALUE_BYTES 8u
#define BLOCK_SHIFT 24
/* more would be 128 MiB of memory: a pool of 256 TiB has them */
#define DATA_BLOCKS_MAX (1ull << 30)
/* of the kernel: 16 GiB */
#define META_BLOCKS_MAX (1ull << 22)

/**
 * struct walk - through all trees
 * @read: gives a block
 * @arg: for @read
 * @seen: a bit for each block of metadata: it was read
 * @n_meta: how many these are
 * @mapped: a bit for each block of data: a device has it
 * @n_data: how many these are
 * @n_mapped: bits that are set there
 */
struct walk {
	liteio_thin_read_fn read;
	void *arg;
	uint8_t *seen;
	uint64_t n_meta;
	uint8_t *mapped;
	uint64_t n_data;
	uint64_t n_mapped;
};

/* was it set before? */
static bool test_and_set(uint8_t *bits, uint64_t i)
{
	const uint8_t bit = (uint8_t)(1u << (i % 8));
	const bool was = bits[i / 8] & bit;

	bits[i / 8] |= bit;
	return was;
}

static int take_mapping(struct walk *w, uint64_t value)
{
	const uint64_t block = value >> BLOCK_SHIFT;

	if (block >= w->n_data)
		return -EUCLEAN;
	w->n_mapped += !test_and_set(w->mapped, block);
	return 0;
}

/* @is_top: of the tree whose leaves lead to the trees of devices */
/* NOLINTNEXTLINE(misc-no-recursion): no deeper than two trees, of LITEIO_THIN_DEPTH_MAX each */
static int visit(struct walk *w, uint64_t at, bool is_top, unsigned int depth)
{
	uint8_t *block _cleanup_free_ = NULL;
	struct liteio_thin_node n;
	int r;

	if (depth >= LITEIO_THIN_DEPTH_MAX || at >= w->n_meta)
		return -EUCLEAN;
	if (test_and_set(w->seen, at))
		return 0;
	block = aligned_alloc(LITEIO_THIN_META_BLOCK, LITEIO_THIN_META_BLOCK);
	if (!block)
		abort();
	r = w->read(w->arg, at, block);
	if (!r)
		r = liteio_thin_node_parse(block, at, VALUE_BYTES, &n);
	for (uint64_t i = 0; !r && i < n.n; i++) {
		const uint64_t value = liteio_thin_node_value(&n, i);

		if (n.is_leaf && !is_top)
			r = take_mapping(w, value);
		else
			r = visit(w, value, is_top && !n.is_leaf, n.is_leaf ? 0 : depth + 1);
	}
	return r;
}

static uint8_t *bits_for(uint64_t n)
{
	return liteio_calloc(n / 8 + 1, 1);
}

int liteio_thin_tree_leaked(liteio_thin_read_fn read, void *arg, uint64_t *ret_blocks)
{
	uint8_t *super _cleanup_free_ =
		aligned_alloc(LITEIO_THIN_META_BLOCK, LITEIO_THIN_META_BLOCK);
	uint8_t *seen _cleanup_free_ = NULL, *mapped _cleanup_free_ = NULL;
	struct walk w = { .read = read, .arg = arg };
	struct liteio_thin_superblock s;
	uint64_t allocated;
	int r;

	if (!super)
		abort();
	r = read(arg, 0, super);
	if (!r)
		r = liteio_thin_parse_superblock(super, &s);
	if (r)
		return r;
	if (s.data_blocks > DATA_BLOCKS_MAX || s.meta_blocks > META_BLOCKS_MAX)
		return -E2BIG;
	/* what was given back since then is in use for who has it */
	if (liteio_le_get(super + SUPERBLOCK_HELD_AT, 8))
		return -EBUSY;
	w.n_meta = s.meta_blocks;
	w.n_data = s.data_blocks;
	seen = bits_for(w.n_meta);
	mapped = bits_for(w.n_data);
	w.seen = seen;
	w.mapped = mapped;
	r = visit(&w, liteio_le_get(super + LITEIO_THIN_SUPERBLOCK_MAPPING_AT, 8), true, 0);
	if (r)
		return r;
	allocated = liteio_le_get(super + SUPERBLOCK_ALLOCATED_AT, 8);
	if (allocated > w.n_data || w.n_mapped > allocated)
		return -EUCLEAN;
	*ret_blocks = allocated - w.n_mapped;
	return 0;
}
