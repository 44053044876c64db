// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices that metadata of dm-thin know, read from them as they are on the disk. Pure: blocks
 * come from a function.
 *
 * This may be done to metadata that the kernel has in use, and leaves nothing behind: no message,
 * no metadata snapshot. The kernel never writes over a block that the superblock on the disk leads
 * to: what changes goes to other blocks, a superblock that leads to these is written last, and the
 * old ones are used again after that only. So all that was read is of one moment if the superblock
 * is the same before and after.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "pool/bytes.h"
#include "pool/thin.h"
#include "pool/thin_node.h"

#define META_BLOCK LITEIO_THIN_META_BLOCK
/* of a leaf: mapped_blocks, transaction_id, creation_time, snapshotted_time */
#define DETAILS_BYTES 24u
/* a leaf has at least 41 devices, but for the only one: 60 times what a catalog has room for */
#define NODES_MAX 25000u

/**
 * struct walk - through a tree, from the left to the right
 * @read: gives a block
 * @arg: for @read
 * @is_one: only what leads to one device is read
 * @id: that one
 * @n_nodes: that were read
 * @devices: that were found
 * @n_devices: how many
 * @n_room: there is memory for so many
 */
struct walk {
	liteio_thin_read_fn read;
	void *arg;
	bool is_one;
	uint32_t id;
	unsigned int n_nodes;
	struct liteio_thin_device *devices;
	size_t n_devices;
	size_t n_room;
};

static int take_leaf(struct walk *w, const struct liteio_thin_node *n)
{
	for (uint64_t i = 0; i < n->n; i++) {
		const uint64_t id = liteio_thin_node_key(n, i);

		if (id > LITEIO_THIN_ID_MAX ||
		    (w->n_devices && id <= w->devices[w->n_devices - 1].id))
			return -EUCLEAN;
		if (w->n_devices == w->n_room) {
			w->n_room = w->n_room ? 2 * w->n_room : 64;
			w->devices = liteio_realloc(w->devices, w->n_room, sizeof(*w->devices));
		}
		w->devices[w->n_devices++] = (struct liteio_thin_device){
			.id = (uint32_t)id,
			.mapped = liteio_thin_node_value(n, i),
		};
	}
	return 0;
}

/* below an entry is what comes before the next one's key */
static bool leads_to(const struct liteio_thin_node *n, uint64_t i, uint32_t id)
{
	return liteio_thin_node_key(n, i) <= id &&
	       (i + 1 == n->n || liteio_thin_node_key(n, i + 1) > id);
}

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than LITEIO_THIN_DEPTH_MAX */
static int visit(struct walk *w, uint64_t at, unsigned int depth)
{
	uint8_t *block _cleanup_free_ = NULL;
	struct liteio_thin_node n;
	int r;

	if (depth >= LITEIO_THIN_DEPTH_MAX)
		return -EUCLEAN;
	if (w->n_nodes++ == NODES_MAX)
		return -E2BIG;
	block = aligned_alloc(META_BLOCK, META_BLOCK);
	if (!block)
		abort();
	r = w->read(w->arg, at, block);
	if (!r)
		r = liteio_thin_node_parse(block, at, DETAILS_BYTES, &n);
	if (r || n.is_leaf)
		return r ? r : take_leaf(w, &n);
	for (uint64_t i = 0; i < n.n && !r; i++) {
		if (!w->is_one || leads_to(&n, i, w->id))
			r = visit(w, liteio_thin_node_value(&n, i), depth + 1);
	}
	return r;
}

/* the devices are the caller's, whatever this returns */
static int walk_all(struct walk *w)
{
	uint8_t *before _cleanup_free_ = aligned_alloc(META_BLOCK, META_BLOCK);
	uint8_t *after _cleanup_free_ = aligned_alloc(META_BLOCK, META_BLOCK);
	struct liteio_thin_superblock s;
	int r, r_after;

	if (!before || !after)
		abort();
	r = w->read(w->arg, 0, before);
	if (!r)
		r = liteio_thin_parse_superblock(before, &s);
	if (r)
		return r;
	r = visit(w, liteio_le_get(before + LITEIO_THIN_SUPERBLOCK_DETAILS_AT, 8), 0);
	/* what does not fit together may be of two moments */
	r_after = w->read(w->arg, 0, after);
	if (!r_after && memcmp(before, after, META_BLOCK) != 0)
		r = -EAGAIN;
	return r ? r : r_after;
}

/* @r: what walking came to */
static int give(struct walk *w, int r, struct liteio_thin_device **ret, size_t *ret_n)
{
	if (r) {
		free(w->devices);
		return r;
	}
	*ret = w->devices;
	*ret_n = w->n_devices;
	return 0;
}

int liteio_thin_tree_devices(liteio_thin_read_fn read, void *arg, struct liteio_thin_device **ret,
			     size_t *ret_n)
{
	struct walk w = { .read = read, .arg = arg };

	return give(&w, walk_all(&w), ret, ret_n);
}

int liteio_thin_tree_near(liteio_thin_read_fn read, void *arg, uint32_t id,
			  struct liteio_thin_device **ret, size_t *ret_n)
{
	struct walk w = { .read = read, .arg = arg, .is_one = true, .id = id };

	return give(&w, walk_all(&w), ret, ret_n);
}

uint64_t liteio_thin_mapped(const struct liteio_thin_device *devices, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (devices[i].id == id)
			return devices[i].mapped;
	}
	return 0;
}
