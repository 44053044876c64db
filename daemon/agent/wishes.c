// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What several want of a pool at once.
 *
 * A wish is put on the pool's list, and then its thread waits for the lane as everybody does. In
 * the lane it takes its own from the list, and others with it, and has them fulfilled together.
 * Those whose wish was among them need not come into the lane any more.
 */
#include "agent/wishes.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/locks.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/headway.h"

/* the lock is held */
static void unref(struct liteio_wish *w)
{
	if (--w->refs)
		return;
	for (size_t i = LITEIO_WISH_LOCKS; i > 0; i--)
		liteio_locks_give(w->keeps[i - 1]);
	if (w->kind->release)
		w->kind->release(w);
#ifndef __clang_analyzer__ /* it takes no count for one: whoever waits has a reference */
	free(w);
#endif
}

void liteio_wish_put(struct liteio_open_pool *p, struct liteio_wish *wish)
{
	liteio_guard(&p->lock);
	unref(wish);
}

void liteio_wish_keep(struct liteio_open_pool *p, struct liteio_wish *wish,
		      struct liteio_named_lock **const locks[LITEIO_WISH_LOCKS])
{
	liteio_guard(&p->lock);
	if (wish->refs <= 1)
		return;
	for (size_t i = 0; i < LITEIO_WISH_LOCKS; i++) {
		if (locks[i])
			wish->keeps[i] = take_ptr(*locks[i]);
	}
}

bool liteio_wish_is_ours(struct liteio_open_pool *p, const struct liteio_wish *wish)
{
	liteio_guard(&p->lock);
	return wish->refs == 1;
}

static void put_on_list(struct liteio_open_pool *p, struct liteio_wish **list,
			const struct liteio_wish_kind *kind, struct liteio_wish *w)
{
	struct liteio_wish **at = list;

	w->kind = kind;
	w->refs = 2;
	liteio_guard(&p->lock);
	while (*at)
		at = &(*at)->next;
	*at = w;
}

/* false: somebody is at it, or was; the lock is held */
static bool take(struct liteio_wish **list, struct liteio_wish *w)
{
	for (struct liteio_wish **at = list; *at; at = &(*at)->next) {
		if (*at != w)
			continue;
		*at = w->next;
		return true;
	}
	return false;
}

/* one's own, and as many others as go with it, in the order they came */
static struct liteio_wish *take_several(struct liteio_open_pool *p, struct liteio_wish **list,
					size_t most, struct liteio_wish *own, size_t *ret_n)
{
	struct liteio_wish *last = own;

	*ret_n = 1;
	liteio_guard(&p->lock);
	take(list, own);
	for (; *list && *ret_n < most; ++*ret_n) {
		last->next = *list;
		last = *list;
		*list = last->next;
	}
	last->next = NULL;
	return own;
}

/* what was taken from the list, in the lane */
static void fulfil(struct liteio_open_pool *p, const struct liteio_wish_kind *kind,
		   struct liteio_wish *first, size_t n)
{
	struct liteio_wish *next;

	kind->fulfil(p->engine, first, n);
	liteio_guard(&p->lock);
	for (struct liteio_wish *w = first; w; w = w->next)
		w->is_done = true;
	liteio_lane_recall(p);
	for (struct liteio_wish *w = first; w; w = next) {
		next = w->next;
		unref(w);
	}
}

/* it is not wanted any more; false: somebody is at it, or was */
static bool withdraw(struct liteio_open_pool *p, struct liteio_wish **list, struct liteio_wish *w)
{
	liteio_guard(&p->lock);
	if (!take(list, w))
		return false;
	unref(w);
	return true;
}

static int wait_for(struct liteio_open_pool *p, struct liteio_wish **list,
		    const struct liteio_wish_kind *kind, struct liteio_wish *w,
		    struct liteio_error *err)
{
	struct liteio_wish *first;
	LITEIO_LANE(lane);
	size_t n;
	int r;

	r = liteio_lane_enter_unless(p, LITEIO_LANE_CHANGE, &w->is_done, &lane, err);
	liteio_headway_place(p->name);
	if (r || !lane)
		return r;
	first = take_several(p, list, kind->most, w, &n);
	fulfil(p, kind, first, n);
	return 0;
}

int liteio_wish_run(struct liteio_open_pool *p, struct liteio_wish **list,
		    const struct liteio_wish_kind *kind, struct liteio_wish *wish,
		    struct liteio_error *err)
{
	int r;

	put_on_list(p, list, kind, wish);
	r = wait_for(p, list, kind, wish, err);
	/* what has been begun is waited for, as by whoever has begun it, but not for ever */
	if (r && !withdraw(p, list, wish)) {
		r = wait_for(p, list, kind, wish, err);
		if (r)
			liteio_error_wrap(err, r, "it may come to be all the same");
	}
	liteio_guard(&p->lock);
	if (!r && wish->result)
		r = liteio_error_set(err, wish->result, "%s", wish->err.msg);
	return r;
}

/**
 * struct errand - of a thread that fulfils what is on a list
 * @p: the pool
 * @list: in it
 * @kind: of that
 */
struct errand {
	struct liteio_open_pool *p;
	struct liteio_wish **list;
	const struct liteio_wish_kind *kind;
};

/* all of it, in the order they came */
static struct liteio_wish *take_all(struct liteio_open_pool *p, struct liteio_wish **list,
				    size_t *ret_n)
{
	struct liteio_wish *first;

	*ret_n = 0;
	liteio_guard(&p->lock);
	first = *list;
	*list = NULL;
	for (const struct liteio_wish *w = first; w; w = w->next)
		++*ret_n;
	return first;
}

/* in the lane: whose it is may have gone, and what he wanted may be done */
static int run_errand(struct liteio_pool *engine, void *data, struct liteio_error *err)
{
	const struct errand *x = data;
	size_t n;
	struct liteio_wish *first = take_all(x->p, x->list, &n);

	if (first)
		fulfil(x->p, x->kind, first, n);
	return 0;
}

int liteio_wish_run_for(struct liteio_open_pool *p, struct liteio_wish **list,
			const struct liteio_wish_kind *kind, struct liteio_wish *wish,
			enum liteio_lane_for what_for, uint64_t ms, struct liteio_error *err)
{
	struct errand x = { p, list, kind };
	int r;

	put_on_list(p, list, kind, wish);
	r = liteio_pools_do_for_unless(p, what_for, &wish->is_done, run_errand, &x, sizeof(x), ms,
				       err);
	if (r)
		(void)withdraw(p, list, wish);
	liteio_guard(&p->lock);
	/* who took it was in the lane before, and has left it */
	if (!r && wish->result)
		r = liteio_error_set(err, wish->result, "%s",
				     liteio_error_str(&wish->err, wish->result));
	return r;
}
