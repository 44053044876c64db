/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of each volume is in use, as the kernel has said last, and whether it would say the same
 * now. To ask device-mapper takes a call for each volume; the module tells of all heads in one
 * answer how much I/O has come to them.
 *
 * A number is the kernel's, or it is not told: nothing is reckoned here. What was said once is said
 * again only when nothing can have changed it between then and now:
 *
 * 1. Of each head the module counts I/O before its gate (STARTED), and what of it has not ended
 *    (INFLIGHT), in one reading. They are read before the volume is asked, and what it says is kept
 *    only if nothing was in flight then. So all I/O that began before the first reading had ended,
 *    and when STARTED is the same in a second reading, none began before that one: between both
 *    no I/O was under way. A thin device changes its mappings only for I/O that is under way: a
 *    write, or a discard, ends after the block was mapped or let go, never before.
 * 2. All I/O comes through these heads: the volume's device is open so often as there are heads of
 *    the module on it, when it is asked; each head has it open once. A plain head, or whoever has
 *    the device open otherwise, makes one more.
 * 3. So is what this process does to devices (heads, tables, thin ids, a pool that is loaded anew):
 *    it is counted when it begins (liteio_dm_changes()). None was under way before the first
 *    reading, and the number is the same before the second.
 * 4. It is the same load of the module: with another one counters begin anew.
 * 5. Somebody who has a device open by hand between two readings is seen by none of these; nor is
 *    a pool whose metadata the kernel has put back to its last commit. So no number is kept for
 *    longer than LITEIO_USED_MS.
 *
 * The answer is then true of the moment of the second reading, which is after the request came. In
 * doubt, and without the module, or with one that does not tell STARTED, the kernel is asked.
 *
 * Pure, but for the asking in used_read.c. Context: any thread; from begin to end it is one
 * thread's.
 */
#ifndef LITEIO_AGENT_USED_H
#define LITEIO_AGENT_USED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

struct liteio_used;

#define LITEIO_USED_MS 60000u
/* so many of a list are asked in any case: the module is for more than that */
#define LITEIO_USED_MANY 8u

/**
 * struct liteio_used_moment - a reading, besides what it says of heads
 * @changes: liteio_dm_changes(), before the module was asked
 * @is_changing: some of them were under way
 * @module: which load of it has answered
 * @ms: when, by liteio_now_ms()
 */
struct liteio_used_moment {
	uint64_t changes;
	bool is_changing;
	uint64_t module;
	uint64_t ms;
};

struct liteio_used *liteio_used_new(void);
void liteio_used_free(struct liteio_used *u); /* NULL does nothing */

/* false: somebody else is looking, and this one has to ask the kernel */
bool liteio_used_begin(struct liteio_used *u);
/*
 * Ask the module, and put its answer in; before any of the following. False: what it says is not
 * enough to tell anything. Worker, in no lane; the two calls below are its parts
 */
bool liteio_used_read(struct liteio_used *u);
/* the module was asked */
void liteio_used_reading(struct liteio_used *u, const struct liteio_used_moment *now);
/* it has told of this head, which is bound */
void liteio_used_head(struct liteio_used *u, const struct liteio_uuid *volume, uint64_t started,
		      uint64_t inflight);
/* what was said of a volume, if it would be said again */
bool liteio_used_find(struct liteio_used *u, const struct liteio_uuid *volume, uint64_t *ret_bytes);
/* what is said of it now; @open_count: of its device */
void liteio_used_keep(struct liteio_used *u, const struct liteio_uuid *volume, int open_count,
		      uint64_t bytes);
void liteio_used_end(struct liteio_used *u);

#endif
