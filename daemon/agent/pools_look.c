// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at a pool whose disk may hang, and writing what must not take its writer along.
 *
 * Whoever looks hands his question to another thread and waits for a while. The lane is the
 * question's from then on: when its disk hangs, the next one who looks finds the lane taken and
 * since when, and does not spend a thread of his own.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pools.h"
#include "agent/together.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "pool/awake.h"
#include "pool/copies.h"
#include "pool/heir.h"

/* an answer is good for so long */
#define ANSWERED_MS 1000

/**
 * struct look - a question under way
 * @lock: covers what follows
 * @ended: it is
 * @p: a reference, given back by the worker
 * @fn: asks
 * @is_done: it has
 * @is_alone: nobody waits for it any more, or nobody works on it any more: whoever sees it frees it
 * @r: what it said
 * @err: in words
 * @ret: the answer
 */
struct look {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct liteio_open_pool *p;
	liteio_look_fn fn;
	bool is_done;
	bool is_alone;
	int r;
	struct liteio_error err;
	max_align_t ret[];
};

static void look_put(struct look *k)
{
	bool is_last;

	{
		liteio_guard(&k->lock);
		is_last = k->is_alone;
		k->is_alone = true;
	}
	if (!is_last)
		return;
	pthread_cond_destroy(&k->ended);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

void liteio_pools_answered(struct liteio_open_pool *p)
{
	liteio_guard(&p->lock);
	p->answered_ms = liteio_now_ms();
}

static void look_run(void *arg)
{
	struct look *k = arg;
	struct liteio_open_pool *p = k->p;
	int r;

	liteio_heir_begin(&p->uuid);
	r = k->fn(p->engine, k->ret, &k->err);
	if (r <= 0)
		liteio_pools_answered(p);
	/* before the lane is free: who finds that it is has the answer */
	{
		liteio_guard(&k->lock);
		k->r = r;
		k->is_done = true;
	}
	liteio_pools_leave(p);
	pthread_cond_broadcast(&k->ended);
	look_put(k);
	liteio_pools_put(p->table, p);
}

static struct look *look_new(struct liteio_open_pool *p, liteio_look_fn fn, size_t len)
{
	struct look *k = liteio_calloc(1, sizeof(*k) + len);

	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->ended, NULL);
	k->p = p;
	k->fn = fn;
	k->err = (struct liteio_error)LITEIO_ERROR_INIT;
	liteio_pools_hold(p);
	return k;
}

/* false: it goes on without us */
static bool look_wait(struct look *k, uint64_t until_ms)
{
	liteio_guard(&k->lock);
	while (!k->is_done && liteio_wait_until(&k->ended, &k->lock, until_ms))
		;
	return k->is_done;
}

/* there are no threads for it: in this one, however long it takes */
static int do_here(struct liteio_open_pool *p, liteio_look_fn fn, void *data,
		   struct liteio_error *err)
{
	int r = fn(p->engine, data, err);

	if (r <= 0)
		liteio_pools_answered(p);
	liteio_pools_leave(p);
	return r;
}

/* the lane is the caller's, and with @k the worker's */
static int do_there(struct liteio_open_pool *p, struct look *k, void *data, size_t len, uint64_t ms,
		    struct liteio_error *err)
{
	uint64_t since_ms = p->since_ms;
	int r;

	liteio_worker_submit(liteio_pools_looks(p->table), NULL, look_run, NULL, k);
	/* the lane is that thread's now: this one changes nothing in the pool */
	liteio_heir_end();
	if (!look_wait(k, liteio_now_ms() + ms) && liteio_lane_is_silent(p, since_ms, err)) {
		look_put(k);
		return -ETIMEDOUT;
	}
	r = k->r;
	if (r >= 0 && len)
		memcpy(data, k->ret, len);
	if (r < 0)
		liteio_error_set(err, r, "%s", liteio_error_str(&k->err, r));
	look_put(k);
	return r;
}

int liteio_pools_do_for_unless(struct liteio_open_pool *p, enum liteio_lane_for what_for,
			       const bool *is_done, liteio_look_fn fn, void *data, size_t len,
			       uint64_t ms, struct liteio_error *err)
{
	struct liteio_open_pool *lane = NULL;
	struct look *k;
	int r = liteio_lane_enter_unless(p, what_for, is_done, &lane, err);

	if (r || !lane)
		return r;
	if (!liteio_pools_looks(p->table))
		return do_here(p, fn, data, err);
	k = look_new(p, fn, len);
	if (len)
		memcpy(k->ret, data, len);
	return do_there(p, k, data, len, ms, err);
}

int liteio_pools_do_for(struct liteio_open_pool *p, enum liteio_lane_for what_for,
			liteio_look_fn fn, void *data, size_t len, uint64_t ms,
			struct liteio_error *err)
{
	return liteio_pools_do_for_unless(p, what_for, NULL, fn, data, len, ms, err);
}

int liteio_pools_look_for(struct liteio_open_pool *p, liteio_look_fn fn, void *ret, size_t len,
			  uint64_t ms, struct liteio_error *err)
{
	void *found _cleanup_free_ = liteio_calloc(1, len + 1);
	int r = liteio_pools_do_for(p, LITEIO_LANE_LOOK, fn, found, len, ms, err);

	if (r >= 0 && len)
		memcpy(ret, found, len);
	return r;
}

int liteio_pools_look(struct liteio_open_pool *p, liteio_look_fn fn, void *ret, size_t len,
		      struct liteio_error *err)
{
	return liteio_pools_look_for(p, fn, ret, len, LITEIO_LOOK_MS, err);
}

/* ---- several -------------------------------------------------------------------------------- */

/* what is done for one of them */
struct part {
	liteio_pools_each_fn fn;
	void *arg;
	struct liteio_open_pool *p;
	size_t i;
};

static void part_run(void *arg)
{
	const struct part *part = arg;

	part->fn(part->arg, part->p, part->i);
}

void liteio_pools_each(struct liteio_pools *t, struct liteio_open_pool **all, size_t n,
		       liteio_pools_each_fn fn, void *arg)
{
	struct part *parts _cleanup_free_ = liteio_calloc(n + 1, sizeof(*parts));
	void **args _cleanup_free_ = liteio_calloc(n + 1, sizeof(*args));

	for (size_t i = 0; i < n; i++) {
		parts[i] = (struct part){ fn, arg, all[i], i };
		args[i] = &parts[i];
	}
	liteio_together_run(liteio_pools_askers(t), part_run, args, n, NULL, NULL);
}

/* ---- questions ------------------------------------------------------------------------------ */

static int ask_anything(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	liteio_pool_ask(engine);
	return 0;
}

bool liteio_pools_has_answered(struct liteio_open_pool *p)
{
	liteio_guard(&p->lock);
	return p->answered_ms && liteio_now_ms() - p->answered_ms < ANSWERED_MS;
}

int liteio_pools_answers(struct liteio_open_pool *p, struct liteio_error *err)
{
	if (liteio_pools_has_answered(p))
		return 0;
	return liteio_pools_look(p, ask_anything, NULL, 0, err);
}

static void set_awake(struct liteio_open_pool *p)
{
	p->awake_ms = liteio_now_ms();
	p->is_asleep = false;
}

int liteio_pools_ask_awake(struct liteio_open_pool *p, struct liteio_error *err)
{
	int r = liteio_pool_awake(&p->uuid, err);

	if (r)
		p->is_asleep = true;
	else
		set_awake(p);
	return r;
}

int liteio_pools_look_awake(struct liteio_open_pool *p, liteio_look_fn fn, void *ret, size_t len,
			    struct liteio_error *err)
{
	int r = liteio_pools_ask_awake(p, err);

	return r ? r : liteio_pools_look(p, fn, ret, len, err);
}

/* an answer is one, however late */
void liteio_pools_await(struct liteio_open_pool *p)
{
	liteio_pool_await(&p->uuid);
	set_awake(p);
}

int liteio_pools_check_awake(struct liteio_open_pool *p, struct liteio_error *err)
{
	uint64_t now_ms = liteio_now_ms();
	int r;

	if (!p->is_asleep && (now_ms < p->awake_ms + LITEIO_AWAKE_MS ||
			      now_ms < liteio_pool_taken_ms(p->engine) + LITEIO_AWAKE_MS))
		return 0;
	r = liteio_pools_ask_awake(p, err);
	return r ? liteio_error_wrap(err, r, "pool %s", p->name) : 0;
}

struct answer {
	uint64_t shared_bytes;
	bool shared_known;
};

static int ask_usage(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	int r = liteio_pool_refresh(engine, err);

	/* the state says what is wrong */
	if (r)
		log_warning(NULL, "%s", liteio_error_str(err, r));
	return 0;
}

/* a question to every device of the pool, too */
static int ask_shared(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	struct answer *a = ret;

	(void)ask_usage(engine, NULL, err);
	a->shared_known = liteio_pool_shared(engine, &a->shared_bytes) == 0;
	return 0;
}

void liteio_pools_state(struct liteio_open_pool *p, bool is_all, struct liteio_pools_state *ret)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct answer a = { 0 };
	int r = liteio_pools_look(p, is_all ? ask_shared : ask_usage, &a, sizeof(a), &err);

	*ret = (struct liteio_pools_state){ .shared_bytes = a.shared_bytes,
					    .shared_known = a.shared_known };
	liteio_pool_info(p->engine, &ret->info);
	if (r && r != -ETIMEDOUT) {
		log_warning(NULL, "%s", liteio_error_str(&err, r));
		/* whatever was to be found out now has not been */
		ret->info.ends_unsaid = true;
	}
	if (r != -ETIMEDOUT)
		return;
	/* nothing that needs the disk can be done, whatever the pool was when it was asked last */
	ret->info.condition = LITEIO_POOL_FAILED;
	snprintf(ret->info.reason, sizeof(ret->info.reason), "%s", liteio_error_str(&err, r));
	snprintf(ret->info.reason_word, sizeof(ret->info.reason_word), "NoAnswer");
}

/* ---- what is loaded in no lane ---- */

void liteio_pools_load_begin(struct liteio_open_pool *p)
{
	liteio_guard(&p->lock);
	if (!p->n_loading++)
		p->moved_ms = liteio_now_ms();
}

void liteio_pools_load_end(struct liteio_open_pool *p)
{
	liteio_guard(&p->lock);
	p->n_loading--;
	p->moved_ms = liteio_now_ms();
}
