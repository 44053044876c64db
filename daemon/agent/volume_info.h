/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Catalog records as the local API shows them.
 */
#ifndef LITEIO_AGENT_VOLUME_INFO_H
#define LITEIO_AGENT_VOLUME_INFO_H

#include <stdint.h>

#include "agent/pools.h"
#include "agent/used.h"
#include "model/local.h"

/*
 * bytes in use; the thin device is activated for it when needed and @may_activate; false, and 0,
 * when nobody can tell. Worker
 */
bool liteio_volume_info_allocated(struct liteio_open_pool *p,
				  const struct liteio_catalog_volume *v, bool may_activate,
				  uint64_t *ret);
/*
 * a volume or a snapshot, in new memory of @ret; worker. What the kernel makes of a volume's limits
 * is added by liteio_limits_look()
 */
void liteio_volume_info_fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			     struct liteio_local_volume *ret);
/* likewise of one whose bytes in use the kernel has just told */
void liteio_volume_info_told(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			     uint64_t allocated, struct liteio_local_volume *ret);

/* of so many volumes the kernel is asked before somebody else may have the lane */
#define LITEIO_VOLUME_LOOKS 64

/**
 * struct liteio_volume_first - what the first volumes of a pool said when it was asked whether it
 * answers
 * @pool: only to be compared
 * @n: how many were asked
 * @volumes: they
 */
struct liteio_volume_first {
	const struct liteio_open_pool *pool;
	unsigned int n;
	struct {
		struct liteio_uuid uuid;
		uint64_t bytes;
		bool is_said;
	} volumes[LITEIO_USED_MANY];
};

/**
 * struct liteio_volume_look - many volumes are looked at
 * @lane: of the pool that was looked at last, which is held
 * @n: how many were since
 * @used: what was said before, if anybody may look there
 * @n_all: how many the kernel was asked for, up to LITEIO_USED_MANY
 * @reads: of the rest, what the module says decides: @used is this one's
 * @pool: of the last one whose number was to be found there
 * @answers: its disk does
 * @first: of each pool
 * @n_first: how many pools
 */
struct liteio_volume_look {
	struct liteio_open_pool *lane;
	unsigned int n;
	struct liteio_used *used;
	unsigned int n_all;
	bool reads;
	const struct liteio_open_pool *pool;
	bool answers;
	struct liteio_volume_first *first;
	size_t n_first;
};

/* @used: what was said before; liteio_volume_look_end() in any case */
void liteio_volume_look_begin(struct liteio_volume_look *k, struct liteio_used *used);
/*
 * Ask all pools, beside each other, whether they answer: who then asks one after the other is told
 * at once of which hang. What they are asked for is what their first volumes have in use, which is
 * wanted anyway. Each is held no longer than it is waited for
 */
void liteio_volume_look_all(struct liteio_volume_look *k, struct liteio_pools *t);

/* a volume among many others: no device comes into the kernel for it */
void liteio_volume_info_list(struct liteio_volume_look *k, struct liteio_open_pool *p,
			     const struct liteio_catalog_volume *v,
			     struct liteio_local_volume *ret);
/* before something else is waited for, in the middle of a list */
void liteio_volume_look_leave(struct liteio_volume_look *k);
/* before anything else is waited for */
void liteio_volume_look_end(struct liteio_volume_look *k);
void liteio_snapshot_info_fill(struct liteio_open_pool *p, const struct liteio_catalog_volume *v,
			       struct liteio_local_snapshot *ret);

/* enum liteio_volume_class as the catalog has it */
static inline enum liteio_catalog_class liteio_volume_class_to_catalog(int volume_class)
{
	return (enum liteio_catalog_class)(LITEIO_CATALOG_THIN + volume_class);
}

/* a size rounded up to LITEIO_VOLUME_SIZE_ALIGN and within the bounds of volumes */
int liteio_volume_size_check(uint64_t *size_bytes, struct liteio_error *err);

#endif
