// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Volumes that are created at once in one pool.
 *
 * A wish is put on the pool's list, and then its thread waits for the lane as everybody does. In
 * the lane it takes all that are on the list, its own among them, and has them created with one
 * change of the catalog. Those whose wish was among them need not come into the lane any more. A
 * thread may give up waiting while another one is at its wish, so that wishes are nobody's stack.
 */
#include "agent/creations.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/headway.h"
#include "base/str.h"
#include "pool/create.h"

/**
 * struct liteio_creation - a wish; under the pool's lock, but for what is said of it
 * @next: on the list, or among those that were taken from it together
 * @refs: the thread that has it, and the list or who took it from there
 * @want: what; not changed
 * @name: of it
 * @is_done: @result and @err count, and do not change any more
 * @result: written by who took it
 * @err: likewise
 */
struct liteio_creation {
	struct liteio_creation *next;
	unsigned int refs;
	struct liteio_pool_create want;
	char name[LITEIO_ONDISK_NAME];
	bool is_done;
	int result;
	struct liteio_error err;
};

static struct liteio_creation *put_on_list(struct liteio_open_pool *p,
					   const struct liteio_pool_create *want)
{
	struct liteio_creation *c = liteio_calloc(1, sizeof(*c)), **at = &p->creations;

	c->want = *want;
	snprintf(c->name, sizeof(c->name), "%s", want->name);
	c->want.name = c->name;
	c->refs = 2;
	liteio_guard(&p->lock);
	while (*at)
		at = &(*at)->next;
	*at = c;
	return c;
}

/* the lock is held */
static void unref(struct liteio_creation *c)
{
	if (--c->refs)
		return;
#ifndef __clang_analyzer__ /* it takes no count for one: whoever waits has a reference */
	free(c);
#endif
}

static struct liteio_creation *take_all(struct liteio_open_pool *p, size_t *ret_n)
{
	struct liteio_creation *first;

	liteio_guard(&p->lock);
	first = p->creations;
	p->creations = NULL;
	*ret_n = 0;
	for (const struct liteio_creation *c = first; c; c = c->next)
		++*ret_n;
	return first;
}

static void tell_all(struct liteio_open_pool *p, struct liteio_creation *first,
		     const struct liteio_pool_creation *all)
{
	liteio_guard(&p->lock);
	for (struct liteio_creation *c = first; c; c = c->next) {
		c->result = (all++)->result;
		c->is_done = true;
	}
	liteio_lane_recall(p);
	for (struct liteio_creation *c = first, *next; c; c = next) {
		next = c->next;
		unref(c);
	}
}

/* in the lane */
static void create_all(struct liteio_open_pool *p)
{
	struct liteio_pool_creation *all _cleanup_free_ = NULL;
	struct liteio_creation *first;
	size_t n, i = 0;

	first = take_all(p, &n);
	all = liteio_calloc(n + 1, sizeof(*all));
	for (struct liteio_creation *c = first; c; c = c->next)
		all[i++] = (struct liteio_pool_creation){ .want = &c->want, .err = &c->err };
	liteio_pool_volume_create_all(p->engine, all, n);
	tell_all(p, first, all);
}

/* it is not wanted any more; false: somebody is at it, or was */
static bool withdraw(struct liteio_open_pool *p, struct liteio_creation *c)
{
	liteio_guard(&p->lock);
	for (struct liteio_creation **at = &p->creations; *at; at = &(*at)->next) {
		if (*at != c)
			continue;
		*at = c->next;
		unref(c);
		return true;
	}
	return false;
}

static int wait_for(struct liteio_open_pool *p, struct liteio_creation *c, struct liteio_error *err)
{
	LITEIO_LANE(lane);
	int r;

	r = liteio_lane_enter_unless(p, LITEIO_LANE_CHANGE, &c->is_done, &lane, err);
	liteio_headway_place(p->name);
	if (!r && lane)
		create_all(p);
	return r;
}

int liteio_creations_run(struct liteio_open_pool *p, const struct liteio_pool_create *want,
			 struct liteio_error *err)
{
	struct liteio_creation *c = put_on_list(p, want);
	int r = wait_for(p, c, err);

	/* what has been begun is waited for, as by whoever has begun it, but not for ever */
	if (r && !withdraw(p, c)) {
		r = wait_for(p, c, err);
		if (r)
			liteio_error_wrap(err, r, "volume %s may come to be", want->name);
	}
	liteio_guard(&p->lock);
	if (!r && c->result)
		r = liteio_error_set(err, c->result, "%s", c->err.msg);
	unref(c);
	return r;
}
