// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The open pools of this node: the table, and the lanes.
 */
#include "agent/pools.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "pool/heir.h"

/* as long as numbers of a pool that is well take */
#define LOOKS_MS 3000

/**
 * struct liteio_pools - the table
 * @lock: covers the table and the references; never held while something blocks
 * @left: a reference was given back
 * @looks: see liteio_pools_set_workers()
 * @askers: likewise
 * @tell: see liteio_pools_tell(); under @lock
 * @tell_arg: for it
 * @items: the pools
 * @n: how many
 * @n_changes: see liteio_pools_changes()
 * @out: those that were taken out, and may be put back
 * @n_out: how many
 */
struct liteio_pools {
	pthread_mutex_t lock;
	pthread_cond_t left;
	struct liteio_workers *looks;
	struct liteio_workers *askers;
	void (*tell)(void *arg);
	void *tell_arg;
	struct liteio_open_pool **items;
	size_t n;
	uint64_t n_changes;
	struct liteio_open_pool **out;
	size_t n_out;
};

struct liteio_pools *liteio_pools_new(void)
{
	struct liteio_pools *t = liteio_calloc(1, sizeof(*t));

	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->left, NULL);
	return t;
}

void liteio_pools_set_workers(struct liteio_pools *t, struct liteio_workers *looks,
			      struct liteio_workers *askers)
{
	t->looks = looks;
	t->askers = askers;
}

struct liteio_workers *liteio_pools_looks(const struct liteio_pools *t)
{
	return t->looks;
}

struct liteio_workers *liteio_pools_askers(const struct liteio_pools *t)
{
	return t->askers;
}

void liteio_pools_tell(struct liteio_pools *t, void (*fn)(void *arg), void *arg)
{
	liteio_guard(&t->lock);
	t->tell = fn;
	t->tell_arg = arg;
}

static void tell(struct liteio_pools *t)
{
	void (*fn)(void *arg);
	void *arg;

	{
		liteio_guard(&t->lock);
		fn = t->tell;
		arg = t->tell_arg;
	}
	if (fn)
		fn(arg);
}

static void open_pool_free(struct liteio_open_pool *p)
{
	if (p->engine)
		liteio_pool_release(p->engine);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void liteio_pools_free(struct liteio_pools *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		open_pool_free(t->items[i]);
	free(t->items);
	free(t->out);
	pthread_cond_destroy(&t->left);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* table lock held */
static void table_insert(struct liteio_pools *t, struct liteio_open_pool *p)
{
	t->items = liteio_realloc(t->items, t->n + 1, sizeof(*t->items));
	t->items[t->n++] = p;
	t->n_changes++;
}

static void table_remove(struct liteio_pools *t, const struct liteio_open_pool *p)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i] == p)
			t->items[i--] = t->items[--t->n];
	t->n_changes++;
}

/* table lock held */
static void out_remove(struct liteio_pools *t, struct liteio_open_pool *p)
{
	for (size_t i = 0; i < t->n_out; i++)
		if (t->out[i] == p)
			t->out[i--] = t->out[--t->n_out];
	p->leaves = NULL;
	free(take_ptr(p->has));
	p->n_has = 0;
}

/* by its name, or by its uuid; either may be NULL */
static bool is_it(const struct liteio_open_pool *p, const char *name,
		  const struct liteio_uuid *uuid)
{
	return (name && !strcmp(p->name, name)) || (uuid && liteio_uuid_equal(&p->uuid, uuid));
}

/* is this in it? @what may be NULL; table lock held, and it is out */
static bool has(const struct liteio_open_pool *p, const struct liteio_sought *what)
{
	for (size_t i = 0; what && i < p->n_has; i++) {
		const struct liteio_catalog_volume *v = &p->has[i];

		if (what->name ? v->kind == what->kind && !strcmp(v->name, what->name) :
				 liteio_uuid_equal(&v->uuid, what->uuid))
			return true;
	}
	return false;
}

/* one that is out has this name, or this uuid, or this in it: -EBUSY, or 0; table lock held */
static int check_out(const struct liteio_pools *t, const char *name, const struct liteio_uuid *uuid,
		     const struct liteio_sought *what, struct liteio_error *err)
{
	for (size_t i = 0; i < t->n_out; i++)
		if (is_it(t->out[i], name, uuid) || has(t->out[i], what))
			return liteio_error_set(err, -EBUSY,
						"pool %s is being %s: ask again later",
						t->out[i]->name, t->out[i]->leaves);
	return 0;
}

/* long work of daemon/pool: whoever waits for the lane has it now */
static void lane_leave(void *arg)
{
	liteio_pools_leave(arg);
}

static void lane_enter(void *arg)
{
	liteio_pools_enter(arg, false);
}

static void condition_changed(void *arg)
{
	tell(((struct liteio_open_pool *)arg)->table);
}

int liteio_pools_add(struct liteio_pools *t, struct liteio_pool *engine,
		     struct liteio_open_pool **ret, struct liteio_error *err)
{
	struct liteio_pool_lane lane = { lane_leave, lane_enter, condition_changed, NULL };
	struct liteio_open_pool *p;
	struct liteio_pool_info info;

	liteio_pool_info(engine, &info);
	liteio_guard(&t->lock);
	for (size_t i = 0; i < t->n; i++)
		if (is_it(t->items[i], info.name, &info.uuid))
			return liteio_error_set(err, -EEXIST, "pool %s is open already", info.name);
	/* there would be no room for it when it is put back */
	if (check_out(t, info.name, &info.uuid, NULL, err))
		return -EEXIST;
	p = liteio_calloc(1, sizeof(*p));
	p->table = t;
	p->engine = engine;
	p->uuid = info.uuid;
	p->refs = 2;
	memcpy(p->name, info.name, sizeof(p->name));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	lane.arg = p;
	liteio_pool_set_lane(engine, &lane);
	table_insert(t, p);
	*ret = p;
	return 0;
}

void liteio_pools_say_added(struct liteio_pools *t)
{
	tell(t);
}

int liteio_pools_take_out(struct liteio_pools *t, struct liteio_open_pool *p, const char *what,
			  struct liteio_error *err)
{
	uint64_t until_ms = liteio_now_ms() + LOOKS_MS;

	liteio_guard(&t->lock);
	/* whoever only looks is gone in a moment */
	while (p->refs > 2 && liteio_wait_until(&t->left, &t->lock, until_ms))
		;
	if (p->refs > 2)
		return liteio_error_set(err, -EBUSY, "pool %s: other operations are under way",
					p->name);
	table_remove(t, p);
	p->refs--;
	p->leaves = what;
	/* nobody else can change that now */
	liteio_pool_volume_list(p->engine, &p->has, &p->n_has);
	t->out = liteio_realloc(t->out, t->n_out + 1, sizeof(struct liteio_open_pool *));
	t->out[t->n_out++] = p;
	return 0;
}

void liteio_pools_put_back(struct liteio_pools *t, struct liteio_open_pool *p)
{
	{
		liteio_guard(&t->lock);
		out_remove(t, p);
		table_insert(t, p);
		p->refs++;
	}
	/* who looked meanwhile has not seen it */
	tell(t);
}

void liteio_pools_left(struct liteio_pools *t, struct liteio_open_pool *p)
{
	p->engine = NULL;
	liteio_guard(&t->lock);
	out_remove(t, p);
	t->n_changes++;
}

static int get(struct liteio_pools *t, const char *name, const struct liteio_uuid *uuid,
	       struct liteio_open_pool **ret, struct liteio_error *err)
{
	liteio_guard(&t->lock);
	for (size_t i = 0; i < t->n; i++) {
		if (!is_it(t->items[i], name, uuid))
			continue;
		t->items[i]->refs++;
		*ret = t->items[i];
		return 0;
	}
	return check_out(t, name, uuid, NULL, err) ? -EBUSY : -ENOENT;
}

int liteio_pools_get(struct liteio_pools *t, const char *name, struct liteio_open_pool **ret,
		     struct liteio_error *err)
{
	int r = get(t, name, NULL, ret, err);

	return r == -ENOENT ? liteio_error_set(err, r, "pool %s: no such pool", name) : r;
}

int liteio_pools_get_uuid(struct liteio_pools *t, const struct liteio_uuid *uuid,
			  struct liteio_open_pool **ret)
{
	return get(t, NULL, uuid, ret, NULL);
}

uint64_t liteio_pools_changes(struct liteio_pools *t)
{
	liteio_guard(&t->lock);
	return t->n_changes;
}

int liteio_pools_all_for(struct liteio_pools *t, const struct liteio_sought *what,
			 struct liteio_open_pool ***ret, size_t *ret_n, struct liteio_error *err)
{
	liteio_guard(&t->lock);
	*ret = liteio_calloc(t->n + 1, sizeof(**ret));
	for (size_t i = 0; i < t->n; i++) {
		t->items[i]->refs++;
		(*ret)[i] = t->items[i];
	}
	*ret_n = t->n;
	return check_out(t, NULL, NULL, what, err);
}

void liteio_pools_all(struct liteio_pools *t, struct liteio_open_pool ***ret, size_t *ret_n)
{
	(void)liteio_pools_all_for(t, NULL, ret, ret_n, NULL);
}

static bool unref(struct liteio_pools *t, struct liteio_open_pool *p)
{
	liteio_guard(&t->lock);
	pthread_cond_broadcast(&t->left);
	if (--p->refs)
		return false;
	/* whoever has taken it out lets go of it: it has gone, too */
	out_remove(t, p);
	return true;
}

void liteio_pools_hold(struct liteio_open_pool *p)
{
	liteio_guard(&p->table->lock);
	p->refs++;
}

void liteio_pools_put(struct liteio_pools *t, struct liteio_open_pool *p)
{
	if (p && unref(t, p))
		open_pool_free(p);
}

void liteio_pools_put_all(struct liteio_pools *t, struct liteio_open_pool **all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		liteio_pools_put(t, all[i]);
	free(all);
}

/* ---- the lane ---- */

/**
 * struct liteio_waiter - one who waits; on its own stack
 * @next: behind it, when it is in the line; under the pool's lock
 * @turn: it may be its turn, or there is no need any more
 * @is_done: there is none; NULL for nothing that another one could do
 */
struct liteio_waiter {
	struct liteio_waiter *next;
	pthread_cond_t turn;
	const bool *is_done;
};

static const unsigned int patience_ms[] = {
	[LITEIO_LANE_LOOK] = LITEIO_LOOK_MS,
	[LITEIO_LANE_FENCE] = 20000,
	[LITEIO_LANE_CHANGE] = 60000,
	[LITEIO_LANE_MEET] = LITEIO_MEET_MS,
};

static void stand_in_line(struct liteio_open_pool *p, struct liteio_waiter *w)
{
	w->next = NULL;
	if (!p->first)
		p->last = &p->first;
	*p->last = w;
	p->last = &w->next;
}

static void step_out_of_line(struct liteio_open_pool *p, struct liteio_waiter *w)
{
	struct liteio_waiter **at = &p->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (p->last == &w->next)
		p->last = at;
}

static bool is_my_turn(const struct liteio_open_pool *p, bool urgent, const struct liteio_waiter *w)
{
	return !p->busy && (urgent || (!p->urgent && p->first == w));
}

/*
 * Only who is next is woken: a hundred who wait, and are all woken a hundred times, would do
 * nothing else. The pool's lock is held; called whenever somebody else may be next
 */
static void wake_next(struct liteio_open_pool *p)
{
	if (p->busy)
		return;
	if (p->urgent)
		pthread_cond_signal(&p->changed);
	else if (p->first)
		pthread_cond_signal(&p->first->turn);
}

static bool is_done(const struct liteio_waiter *w)
{
	return w->is_done && *w->is_done;
}

/**
 * struct patience - how long to wait
 * @until_ms: by liteio_now_ms()
 * @only_looks: and not for one who has had the lane for LITEIO_LOOK_MS already
 */
struct patience {
	uint64_t until_ms;
	bool only_looks;
};

/* of now: the lane may be somebody else's by then */
static uint64_t deadline(const struct liteio_open_pool *p, const struct patience *how)
{
	uint64_t long_ms = p->since_ms + LITEIO_LOOK_MS;

	return how->only_looks && p->busy && long_ms < how->until_ms ? long_ms : how->until_ms;
}

/* @how: NULL for ever; the pool's lock is held */
static bool wait_turn(struct liteio_open_pool *p, bool urgent, struct liteio_waiter *w,
		      const struct patience *how)
{
	pthread_cond_t *turn = urgent ? &p->changed : &w->turn;

	while (!is_my_turn(p, urgent, w) && !is_done(w)) {
		uint64_t until_ms = how ? deadline(p, how) : 0;

		if (!how)
			pthread_cond_wait(turn, &p->lock);
		/* unless somebody else has come into the lane, who is waited for longer */
		else if (!liteio_wait_until(turn, &p->lock, until_ms) &&
			 until_ms == deadline(p, how))
			break;
	}
	return is_my_turn(p, urgent, w) && !is_done(w);
}

/* the pool's lock is held */
static bool enter(struct liteio_open_pool *p, bool urgent, const bool *done,
		  const struct patience *how)
{
	struct liteio_waiter me = { .is_done = done };
	bool is_in;

	pthread_cond_init(&me.turn, NULL);
	if (urgent)
		p->urgent++;
	else
		stand_in_line(p, &me);
	is_in = wait_turn(p, urgent, &me, how);
	if (urgent)
		p->urgent--;
	else
		step_out_of_line(p, &me);
	pthread_cond_destroy(&me.turn);
	if (is_in) {
		liteio_heir_begin(&p->uuid);
		p->busy = true;
		p->since_ms = liteio_now_ms();
	} else {
		wake_next(p);
	}
	return is_in;
}

/* the pool's lock is held */
static int no_answer(const struct liteio_open_pool *p, struct liteio_error *err)
{
	return liteio_error_set(err, -ETIMEDOUT,
				"pool %s: what was begun %" PRIu64
				" s ago has not ended: its disk may not answer",
				p->name, (liteio_now_ms() - p->since_ms) / 1000);
}

/* true when it is the first time that this is so of who has the lane; the pool's lock is held */
static bool set_silent(struct liteio_open_pool *p)
{
	bool was_silent = p->is_silent;

	p->is_silent = true;
	return !was_silent;
}

struct liteio_open_pool *liteio_pools_enter(struct liteio_open_pool *p, bool urgent)
{
	liteio_guard(&p->lock);
	enter(p, urgent, NULL, NULL);
	return p;
}

int liteio_lane_enter(struct liteio_open_pool *p, enum liteio_lane_for what_for,
		      struct liteio_open_pool **ret, struct liteio_error *err)
{
	return liteio_lane_enter_unless(p, what_for, NULL, ret, err);
}

int liteio_lane_enter_unless(struct liteio_open_pool *p, enum liteio_lane_for what_for,
			     const bool *done, struct liteio_open_pool **ret,
			     struct liteio_error *err)
{
	const struct patience how = { liteio_now_ms() + patience_ms[what_for],
				      what_for == LITEIO_LANE_LOOK };
	bool is_long, is_news;
	int r;

	{
		liteio_guard(&p->lock);
		if (enter(p, what_for == LITEIO_LANE_FENCE, done, &how)) {
			*ret = p;
			return 0;
		}
		if (done && *done)
			return 0;
		is_long = p->busy && liteio_now_ms() - p->since_ms >= LITEIO_LOOK_MS;
		is_news = is_long && set_silent(p);
		if (is_long || !how.only_looks)
			r = no_answer(p, err);
		else
			r = liteio_error_set(err, -EAGAIN,
					     "pool %s: others have been before for %u s: ask again later",
					     p->name, LITEIO_LOOK_MS / 1000);
	}
	if (is_news && p->table)
		tell(p->table);
	return r;
}

bool liteio_lane_is_silent(struct liteio_open_pool *p, uint64_t since_ms, struct liteio_error *err)
{
	bool is_news;

	{
		liteio_guard(&p->lock);
		if (!p->busy || p->since_ms != since_ms)
			return false;
		is_news = set_silent(p);
		no_answer(p, err);
	}
	if (is_news)
		tell(p->table);
	return true;
}

void liteio_pools_leave(struct liteio_open_pool *p)
{
	bool was_silent;

	liteio_heir_end();
	{
		liteio_guard(&p->lock);
		was_silent = p->is_silent;
		p->is_silent = false;
		p->busy = false;
		wake_next(p);
	}
	/* somebody was told that the disk does not answer */
	if (was_silent && p->table)
		tell(p->table);
}

void liteio_lane_recall(struct liteio_open_pool *p)
{
	for (struct liteio_waiter *w = p->first; w; w = w->next) {
		if (is_done(w))
			pthread_cond_signal(&w->turn);
	}
	/* which of these there is no need of any more only they know */
	if (p->urgent)
		pthread_cond_broadcast(&p->changed);
}

uint64_t liteio_pools_busy_ms(struct liteio_open_pool *p)
{
	uint64_t lane, loads, now;

	liteio_guard(&p->lock);
	/* not before: nothing of it is later than that */
	now = liteio_now_ms();
	lane = p->busy ? now - p->since_ms : 0;
	loads = p->n_loading ? now - p->moved_ms : 0;
	return lane > loads ? lane : loads;
}
