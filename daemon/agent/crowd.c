// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one pool may have of the workers.
 */
#include "agent/crowd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "agent/about.h"
#include "base/error.h"
#include "base/share.h"
#include "base/str.h"

struct parked {
	struct parked *next;
	void *who;
};

/**
 * struct liteio_crowd - of one pool, on one kind of workers
 * @next: of all
 * @pool: whose
 * @is_fence: fences, or all else
 * @n_begun: on a worker, or about to be
 * @n_parked: how many of these
 * @first: in the order they came
 * @last: where the next one is put
 */
struct liteio_crowd {
	struct liteio_crowd *next;
	struct liteio_uuid pool;
	bool is_fence;
	unsigned int n_begun;
	unsigned int n_parked;
	struct parked *first;
	struct parked **last;
};

static struct liteio_crowd *find(const struct liteio_crowds *c, const struct liteio_uuid *pool,
				 bool is_fence)
{
	for (struct liteio_crowd *x = c->first; x; x = x->next)
		if (x->is_fence == is_fence && liteio_uuid_equal(&x->pool, pool))
			return x;
	return NULL;
}

static unsigned int begun_max(const struct liteio_crowds *c, const struct liteio_uuid *pool,
			      bool is_fence)
{
	unsigned int others = 0;

	for (const struct liteio_crowd *x = c->first; x; x = x->next)
		if (x->is_fence == is_fence && !liteio_uuid_equal(&x->pool, pool))
			others += x->n_begun;
	return is_fence ? liteio_share(LITEIO_CROWD_FENCES_MAX, LITEIO_CROWD_FENCES_ALL, others) :
			  liteio_share(LITEIO_CROWD_BEGUN_MAX, LITEIO_CROWD_BEGUN_ALL, others);
}

static unsigned int come_max(const struct liteio_crowds *c, const struct liteio_uuid *pool,
			     bool is_fence)
{
	unsigned int others = 0;

	for (const struct liteio_crowd *x = c->first; x; x = x->next)
		if (x->is_fence == is_fence && !liteio_uuid_equal(&x->pool, pool))
			others += x->n_begun + x->n_parked;
	return liteio_share(LITEIO_CROWD_MAX, LITEIO_CROWD_ALL, others);
}

int liteio_crowd_check(const struct liteio_crowds *c, const struct liteio_about *about,
		       bool is_fence, struct liteio_error *err)
{
	const struct liteio_crowd *x = find(c, &about->uuid, is_fence);
	unsigned int n = x ? x->n_begun + x->n_parked : 0;

	if (!is_fence && n >= LITEIO_CROWD_HANGS_MAX &&
	    about->busy_ms >= LITEIO_CROWD_HANGS_MS)
		return liteio_error_set(err, -EBUSY,
					"pool %s: %u requests wait: what was begun %" PRIu64
					" s ago has not ended, its disk may not answer",
					about->name, n, about->busy_ms / 1000);
	if (n >= come_max(c, &about->uuid, is_fence))
		return liteio_error_set(err, -EBUSY,
					"pool %s: %u requests are under way: ask again later",
					about->name, n);
	return 0;
}

static struct liteio_crowd *crowd_new(struct liteio_crowds *c, const struct liteio_uuid *pool,
				      bool is_fence)
{
	struct liteio_crowd *x = liteio_calloc(1, sizeof(*x));

	x->pool = *pool;
	x->is_fence = is_fence;
	x->last = &x->first;
	x->next = c->first;
	c->first = x;
	return x;
}

bool liteio_crowd_enter(struct liteio_crowds *c, const struct liteio_uuid *pool, bool is_fence,
			void *who)
{
	struct liteio_crowd *x;
	struct parked *p;

	if (liteio_uuid_is_null(pool))
		return true;
	x = find(c, pool, is_fence);
	if (!x)
		x = crowd_new(c, pool, is_fence);
	if (x->n_begun < begun_max(c, pool, is_fence)) {
		x->n_begun++;
		return true;
	}
	p = liteio_calloc(1, sizeof(*p));
	p->who = who;
	*x->last = p;
	x->last = &p->next;
	x->n_parked++;
	return false;
}

static void *take_first(struct liteio_crowd *x)
{
	struct parked *p = x->first;
	void *who = p->who;

	x->first = p->next;
	if (!x->first)
		x->last = &x->first;
	x->n_parked--;
	free(p);
	return who;
}

void liteio_crowd_leave(struct liteio_crowds *c, const struct liteio_uuid *pool, bool is_fence)
{
	struct liteio_crowd *x, **at = &c->first;

	if (liteio_uuid_is_null(pool))
		return;
	x = find(c, pool, is_fence);
	if (--x->n_begun || x->n_parked)
		return;
	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	free(x);
}

void *liteio_crowd_next(struct liteio_crowds *c, bool is_fence)
{
	for (struct liteio_crowd *x = c->first; x; x = x->next) {
		if (x->is_fence != is_fence || !x->n_parked ||
		    x->n_begun >= begun_max(c, &x->pool, is_fence))
			continue;
		x->n_begun++;
		return take_first(x);
	}
	return NULL;
}

void liteio_crowds_fini(struct liteio_crowds *c, void (*drop)(void *who))
{
	struct liteio_crowd *x;

	while ((x = c->first)) {
		while (x->n_parked)
			drop(take_first(x));
		c->first = x->next;
		free(x);
	}
}
