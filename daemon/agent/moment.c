// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A moment: one point in time of volumes that share no transaction.
 */
#include "agent/moment.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/groups.h"
#include "agent/pools.h"
#include "agent/stillness.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "pool/step.h"

/*
 * So long one waits for the others at each stage, with its lane taken, and its heads held. A lane
 * may be busy for longer than that: then nothing has been held yet, and they meet once more
 */
#define TOGETHER_MS 1500
#define TRIES 5

/* what all have come to */
enum stage {
	STAGE_LANE,
	STAGE_STILL,
	STAGE_TAKEN,
	STAGE_COUNT,
};

struct moment;

/**
 * struct party - a pool's part in it
 * @moment: of all
 * @part: what is taken
 * @stillness: the heads of its volumes
 * @thread: does it
 * @r: how it has ended
 * @err: in words
 */
struct party {
	struct moment *moment;
	const struct liteio_moment_part *part;
	struct liteio_stillness stillness;
	pthread_t thread;
	int r;
	struct liteio_error err;
};

/**
 * struct moment - all parts of it
 * @parties: one for each pool
 * @n: how many
 * @owner: of the records
 * @lock: covers what follows
 * @came: signalled with each of it
 * @n_at: how many have come to a stage
 * @has_failed: one of them has: nobody waits for anybody any more
 */
struct moment {
	struct party *parties;
	size_t n;
	char owner[LITEIO_GROUP_OWNER_LEN];
	pthread_mutex_t lock;
	pthread_cond_t came;
	size_t n_at[STAGE_COUNT];
	bool has_failed;
};

static void fail(struct moment *m)
{
	liteio_guard(&m->lock);
	m->has_failed = true;
	pthread_cond_broadcast(&m->came);
}

/* come to a stage, and wait for the others there */
static int meet(struct moment *m, enum stage where, struct liteio_error *err)
{
	uint64_t until_ms = liteio_now_ms() + TOGETHER_MS;
	const struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
					.tv_nsec = (long)(until_ms % 1000) * 1000000 };
	int r = 0;

	liteio_guard(&m->lock);
	m->n_at[where]++;
	pthread_cond_broadcast(&m->came);
	while (m->n_at[where] < m->n && !m->has_failed && r != ETIMEDOUT)
		r = pthread_cond_clockwait(&m->came, &m->lock, CLOCK_MONOTONIC, &until);
	if (m->has_failed)
		return liteio_error_set(err, -ECANCELED, "another pool of the group has failed");
	if (m->n_at[where] == m->n)
		return 0;
	m->has_failed = true;
	pthread_cond_broadcast(&m->came);
	return liteio_error_set(err, -ETIMEDOUT,
				"another pool of the group was not ready within %d ms",
				TOGETHER_MS);
}

/* the thin pools of a pool, each with its own transaction, one after the other */
static int take_classes(const struct liteio_moment_part *part, const char *owner,
			struct liteio_error *err)
{
	struct liteio_pool_member *of_class _cleanup_free_ =
		liteio_calloc(part->n, sizeof(*of_class));
	bool *is_taken _cleanup_free_ = liteio_calloc(part->n, sizeof(*is_taken));
	struct liteio_pool *engine = part->pool->engine;

	for (size_t first = 0; first < part->n; first++) {
		struct liteio_catalog_volume a, b;
		size_t n = 0;
		int r;

		if (is_taken[first])
			continue;
		r = liteio_pool_volume_get(engine, &part->members[first].volume, &a);
		for (size_t i = first; i < part->n && !r; i++) {
			r = liteio_pool_volume_get(engine, &part->members[i].volume, &b);
			if (r || b.vclass != a.vclass)
				continue;
			is_taken[i] = true;
			of_class[n++] = part->members[i];
		}
		if (r)
			return liteio_error_set(err, r, "a volume of the group is gone");
		r = liteio_pool_snapshot_group(engine, of_class, n, owner, NULL, err);
		if (r)
			return r;
		liteio_step("agent-moment:taken");
	}
	return 0;
}

/* in the lane */
static int take_part(struct party *x, struct liteio_error *err)
{
	struct liteio_quiesce q = liteio_stillness_quiesce(&x->stillness);
	struct moment *m = x->moment;
	int r;

	r = meet(m, STAGE_LANE, err);
	if (r)
		return r;
	r = q.freeze(q.arg, err);
	if (r)
		return r;
	r = meet(m, STAGE_STILL, err);
	if (!r)
		r = take_classes(x->part, m->owner, err);
	/* before anything goes on, those that wait for it in vain are told */
	if (r)
		fail(m);
	else
		r = meet(m, STAGE_TAKEN, err);
	q.thaw(q.arg);
	return r;
}

static void *party_run(void *arg)
{
	struct party *x = arg;

	LITEIO_LANE(lane);

	x->r = liteio_lane_enter(x->part->pool, LITEIO_LANE_CHANGE, &lane, &x->err);
	if (!x->r)
		x->r = take_part(x, &x->err);
	if (x->r)
		fail(x->moment);
	return NULL;
}

/* why it failed, and not that others did because of it */
static int reason(const struct moment *m, struct liteio_error *err)
{
	const struct party *why = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct party *x = &m->parties[i];

		if (x->r && (!why || why->r == -ECANCELED ||
			     (why->r == -ETIMEDOUT && x->r != -ECANCELED)))
			why = x;
	}
	if (!why)
		return 0;
	return liteio_error_set(err, why->r, "pool %s: %s", why->part->pool->name,
				liteio_error_str(&why->err, why->r));
}

/* all at once; each has ended when this returns */
static int run(struct moment *m, struct liteio_error *err)
{
	size_t n = 0;
	int r = 0;

	for (; n < m->n && !r; n++) {
		r = -pthread_create(&m->parties[n].thread, NULL, party_run, &m->parties[n]);
		if (r)
			break;
	}
	if (r)
		fail(m);
	for (size_t i = 0; i < n; i++)
		pthread_join(m->parties[i].thread, NULL);
	if (r)
		return liteio_error_set(err, r, "no thread for each pool of the group: %s",
					strerror(-r));
	return reason(m, err);
}

/* which heads there are, before anything is held */
static int prepare(struct moment *m, const struct liteio_moment_part *parts,
		   struct liteio_error *err)
{
	for (size_t i = 0; i < m->n; i++) {
		struct party *x = &m->parties[i];
		struct liteio_uuid *volumes _cleanup_free_ =
			liteio_calloc(parts[i].n, sizeof(*volumes));
		int r;

		*x = (struct party){ .moment = m, .part = &parts[i], .err = LITEIO_ERROR_INIT };
		for (size_t k = 0; k < parts[i].n; k++)
			volumes[k] = parts[i].members[k].volume;
		r = liteio_stillness_find(&x->stillness, parts[i].pool, volumes, parts[i].n, err);
		if (r)
			return r;
		/* one that is opened meanwhile must not write: another one may be taken already */
		x->stillness.is_all = true;
	}
	return 0;
}

/* 1 when they have not met: nothing was held, and nothing taken */
static int try_once(const struct liteio_moment_part *parts, size_t n,
		    const struct liteio_uuid *group, struct liteio_error *err)
{
	struct party *parties _cleanup_free_ = liteio_calloc(n, sizeof(*parties));
	struct moment m = {
		.parties = parties,
		.n = n,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.came = PTHREAD_COND_INITIALIZER,
	};
	int r;

	liteio_groups_owner(group, m.owner);
	r = prepare(&m, parts, err);
	if (!r)
		r = run(&m, err);
	for (size_t i = 0; i < n; i++)
		liteio_stillness_fini(&parties[i].stillness);
	pthread_cond_destroy(&m.came);
	pthread_mutex_destroy(&m.lock);
	return r == -ETIMEDOUT && !m.n_at[STAGE_STILL] ? 1 : r;
}

static int take_all(const struct liteio_moment_part *parts, size_t n,
		    const struct liteio_uuid *group, struct liteio_error *err)
{
	int r = 1;

	for (int i = 0; i < TRIES && r > 0; i++)
		r = try_once(parts, n, group, err);
	return r > 0 ? -ETIMEDOUT : r;
}

/* 1 it is there, 0 it is not, or a negative errno: something else is */
static int look(const struct liteio_moment_part *part, const struct liteio_pool_member *m,
		struct liteio_error *err)
{
	struct liteio_catalog_volume v;

	if (liteio_pool_volume_get(part->pool->engine, &m->uuid, &v) < 0)
		return 0;
	if (v.kind == LITEIO_CATALOG_SNAPSHOT && v.state == LITEIO_CATALOG_READY &&
	    !strcmp(v.name, m->name) && liteio_uuid_equal(&v.origin, &m->volume))
		return 1;
	return liteio_error_set(err, -EEXIST, "snapshot %s: the uuid is that of %s, another one",
				m->name, v.name);
}

/* 1 all are there, 0 none is, or a negative errno */
static int look_all(const struct liteio_moment_part *parts, size_t n, size_t *ret_all,
		    struct liteio_error *err)
{
	size_t there = 0;

	*ret_all = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < parts[i].n; k++) {
			int r = look(&parts[i], &parts[i].members[k], err);

			if (r < 0)
				return r;
			there += (size_t)r;
			(*ret_all)++;
		}
	}
	if (there && there < *ret_all)
		return liteio_error_set(err, -EEXIST,
					"%zu of the %zu snapshots exist already, of another moment",
					there, *ret_all);
	return there > 0;
}

/* asked for again: no later loss of a slot takes one of them away */
static int confirm(const struct liteio_moment_part *parts, size_t n, struct liteio_error *err)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		LITEIO_LANE(lane);

		r = liteio_lane_enter(parts[i].pool, LITEIO_LANE_CHANGE, &lane, err);
		if (!r)
			r = liteio_pool_confirm(parts[i].pool->engine, err);
	}
	return r;
}

static int begin(struct liteio_agent *a, const struct liteio_moment_part *parts, size_t n,
		 size_t all, const struct liteio_uuid *group, struct liteio_error *err)
{
	struct liteio_group_part *list _cleanup_free_ = liteio_calloc(all, sizeof(*list));
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < parts[i].n; k++)
			list[at++] = (struct liteio_group_part){
				.group = *group,
				.pool = parts[i].pool->uuid,
				.snapshot = parts[i].members[k].uuid,
			};
	return liteio_groups_begin(a, list, all, err);
}

int liteio_moment_take(struct liteio_agent *a, const struct liteio_moment_part *parts, size_t n,
		       struct liteio_error *err)
{
	struct liteio_uuid group;
	size_t all;
	int r = look_all(parts, n, &all, err);

	if (r)
		return r < 0 ? r : confirm(parts, n, err);
	liteio_uuid_ordered(&group);
	r = begin(a, parts, n, all, &group, err);
	if (r)
		return r;
	liteio_step("agent-moment:begun");
	r = take_all(parts, n, &group, err);
	liteio_step("agent-moment:all-taken");
	if (!r)
		r = liteio_groups_end(a, &group, err);
	if (!r)
		return 0;
	liteio_groups_give_up(&group);
	for (size_t i = 0; i < n; i++)
		liteio_groups_undo(a, parts[i].pool);
	return r;
}
