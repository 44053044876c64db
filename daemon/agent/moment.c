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

#include "agent/agent.h"
#include "agent/groups.h"
#include "agent/pools.h"
#include "agent/stillness.h"
#include "agent/together.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "pool/step.h"

/*
 * So long one waits for the others with its lane taken, and then its heads held, at all stages
 * together: one that is well is not said to hang because another one is slow, and its writers wait
 * no longer than for its own freeze (stillness.c)
 */
#define HELD_MS 8000
_Static_assert(LITEIO_MEET_MS + HELD_MS < LITEIO_LOOK_MS, "to wait for others is not to hang");
#define TAKEN_MS 1500
/* a snapshot is a commit of metadata: so much longer for each */
#define TAKEN_EACH_MS 100
/* all of it; and how long a pool that hangs is waited for when it is over for the others */
#define ALL_MS 60000
#define LATE_MS 5000
/* a lane may be busy for long: then nothing has been held yet, and they meet once more */
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
 * @pool: a reference
 * @members: the snapshots
 * @n: how many
 * @has_ended: under the moment's lock: @r and @err count
 * @r: how it has ended
 * @err: in words
 */
struct party {
	struct moment *moment;
	struct liteio_open_pool *pool;
	struct liteio_pool_member *members;
	size_t n;
	bool has_ended;
	int r;
	struct liteio_error err;
};

/**
 * struct moment - all parts of it; on the heap: one whose disk hangs may be left behind with it
 * @agent: whose
 * @group: its name
 * @owner: of the records
 * @parties: one for each pool
 * @n: how many
 * @most: snapshots of one pool
 * @end_ms: until when who asked waits
 * @lock: covers what follows
 * @came: signalled with each of it
 * @refs: of the parties, and of who asked
 * @n_at: how many have come to a stage
 * @held_end_ms: until when they wait for each other, once all are in their lanes
 * @has_failed: one of them has: nobody waits for anybody any more
 * @has_held: somebody may have heads held
 * @is_over: nobody waits for those that are left: they undo what they do
 */
struct moment {
	struct liteio_agent *agent;
	struct liteio_uuid group;
	char owner[LITEIO_GROUP_OWNER_LEN];
	struct party *parties;
	size_t n;
	size_t most;
	_Atomic uint64_t end_ms;
	pthread_mutex_t lock;
	pthread_cond_t came;
	size_t refs;
	size_t n_at[STAGE_COUNT];
	uint64_t held_end_ms;
	bool has_failed;
	bool has_held;
	bool is_over;
};

static void moment_free(struct moment *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct party *x = &m->parties[i];

		for (size_t k = 0; k < x->n; k++)
			free((char *)x->members[k].name);
		free(x->members);
		liteio_pools_put(m->agent->pools, x->pool);
	}
	pthread_cond_destroy(&m->came);
	pthread_mutex_destroy(&m->lock);
	free(m->parties);
	free(m);
}

/* the last one of a group that did not come about leaves what remains of it to anybody */
static void moment_put(struct moment *m)
{
	bool is_last;

	{
		liteio_guard(&m->lock);
		is_last = !--m->refs;
	}
	if (!is_last)
		return;
	liteio_groups_give_up(&m->group);
	moment_free(m);
}

static struct moment *moment_new(struct liteio_agent *a, const struct liteio_moment_part *parts,
				 size_t n, const struct liteio_uuid *group)
{
	struct moment *m = liteio_calloc(1, sizeof(*m));

	m->agent = a;
	m->group = *group;
	liteio_groups_owner(group, m->owner);
	m->parties = liteio_calloc(n, sizeof(*m->parties));
	m->n = n;
	m->end_ms = liteio_now_ms() + ALL_MS;
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->came, NULL);
	m->refs = n + 1;
	for (size_t i = 0; i < n; i++) {
		struct party *x = &m->parties[i];

		*x = (struct party){
			.moment = m,
			.pool = parts[i].pool,
			.members = liteio_calloc(parts[i].n, sizeof(*x->members)),
			.n = parts[i].n,
			.err = LITEIO_ERROR_INIT,
		};
		liteio_pools_hold(x->pool);
		for (size_t k = 0; k < x->n; k++) {
			x->members[k] = parts[i].members[k];
			x->members[k].name = liteio_strdup(parts[i].members[k].name);
		}
		m->most = x->n > m->most ? x->n : m->most;
	}
	return m;
}

/* ---- a party -------------------------------------------------------------------------------- */

/* the lock is held */
static void has_failed(struct moment *m)
{
	uint64_t late_ms = liteio_now_ms() + LATE_MS;

	m->has_failed = true;
	if (m->end_ms > late_ms)
		m->end_ms = late_ms;
	pthread_cond_broadcast(&m->came);
}

static void fail(struct moment *m)
{
	liteio_guard(&m->lock);
	has_failed(m);
}

/* until when one waits there; the lock is held */
static uint64_t patience(const struct moment *m, enum stage where)
{
	uint64_t now = liteio_now_ms(), end_ms = now + TAKEN_MS + m->most * TAKEN_EACH_MS;

	if (where == STAGE_LANE)
		return now + LITEIO_MEET_MS;
	return where == STAGE_TAKEN && end_ms < m->held_end_ms ? end_ms : m->held_end_ms;
}

/* come to a stage, and wait for the others there */
static int meet(struct moment *m, enum stage where, struct liteio_error *err)
{
	uint64_t until_ms;
	bool is_time = true;

	liteio_guard(&m->lock);
	until_ms = patience(m, where);
	if (++m->n_at[where] == m->n && where == STAGE_LANE)
		m->held_end_ms = liteio_now_ms() + HELD_MS;
	pthread_cond_broadcast(&m->came);
	while (m->n_at[where] < m->n && !m->has_failed && is_time)
		is_time = liteio_wait_until(&m->came, &m->lock, until_ms);
	if (m->has_failed)
		return liteio_error_set(err, -ECANCELED, "another pool of the group has failed");
	if (m->n_at[where] == m->n) {
		m->has_held = true;
		return 0;
	}
	has_failed(m);
	return liteio_error_set(err, -ETIMEDOUT, "another pool of the group was not ready in time");
}

/* the thin pools of a pool, each with its own transaction, one after the other */
static int take_classes(const struct party *x, struct liteio_error *err)
{
	struct liteio_pool_member *of_class _cleanup_free_ = liteio_calloc(x->n, sizeof(*of_class));
	bool *is_taken _cleanup_free_ = liteio_calloc(x->n, sizeof(*is_taken));
	struct liteio_pool *engine = x->pool->engine;

	for (size_t first = 0; first < x->n; first++) {
		struct liteio_catalog_volume a, b;
		size_t n = 0;
		int r;

		if (is_taken[first])
			continue;
		r = liteio_pool_volume_get(engine, &x->members[first].volume, &a);
		for (size_t i = first; i < x->n && !r; i++) {
			r = liteio_pool_volume_get(engine, &x->members[i].volume, &b);
			if (r || b.vclass != a.vclass)
				continue;
			is_taken[i] = true;
			of_class[n++] = x->members[i];
		}
		if (r)
			return liteio_error_set(err, r, "a volume of the group is gone");
		r = liteio_pool_snapshot_group(engine, of_class, n, x->moment->owner, NULL, err);
		if (r)
			return r;
		liteio_step("agent-moment:taken");
	}
	return 0;
}

/* in the lane */
static int take_part(struct party *x, struct liteio_stillness *s, struct liteio_error *err)
{
	struct liteio_quiesce q = liteio_stillness_quiesce(s);
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
		r = take_classes(x, err);
	/* before anything goes on, those that wait for it in vain are told */
	if (r)
		fail(m);
	else
		r = meet(m, STAGE_TAKEN, err);
	q.thaw(q.arg);
	return r;
}

static int enter_and_take(struct party *x, struct liteio_stillness *s, struct liteio_error *err)
{
	LITEIO_LANE(lane);
	int r;

	r = liteio_lane_enter(x->pool, LITEIO_LANE_MEET, &lane, err);
	return r ? r : take_part(x, s, err);
}

static int run_party(struct party *x, struct liteio_error *err)
{
	struct liteio_uuid *volumes _cleanup_free_ = liteio_calloc(x->n, sizeof(*volumes));
	struct liteio_stillness s _cleanup_(liteio_stillness_fini) = { 0 };
	int r;

	for (size_t i = 0; i < x->n; i++)
		volumes[i] = x->members[i].volume;
	r = liteio_stillness_find(&s, x->pool, volumes, x->n, true, err);
	return r ? r : enter_and_take(x, &s, err);
}

/* all that may hang with the disk */
static void party_run(void *arg)
{
	struct party *x = arg;
	struct moment *m = x->moment;
	bool is_late;

	x->r = run_party(x, &x->err);
	{
		liteio_guard(&m->lock);
		if (x->r)
			has_failed(m);
		x->has_ended = true;
		is_late = m->is_over;
	}
	if (is_late)
		liteio_groups_undo(m->agent, x->pool, &m->group, NULL);
	moment_put(m);
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* why it failed, and not that others did because of it; the lock is held */
static int reason(const struct moment *m, struct liteio_error *err)
{
	const struct party *why = NULL, *hangs = NULL;

	for (size_t i = 0; i < m->n; i++) {
		const struct party *x = &m->parties[i];

		if (!x->has_ended)
			hangs = x;
		else if (x->r && (!why || why->r == -ECANCELED ||
				  (why->r == -ETIMEDOUT && x->r != -ECANCELED)))
			why = x;
	}
	if (hangs)
		return liteio_error_set(err, -ETIMEDOUT,
					"pool %s: its disk may not answer: the group is undone",
					hangs->pool->name);
	if (!why)
		return 0;
	return liteio_error_set(err, why->r, "pool %s: %s", why->pool->name,
				liteio_error_str(&why->err, why->r));
}

/* 1 when they have not met: nothing was held, and nothing taken */
static int try_once(struct moment *m, struct liteio_error *err)
{
	void **args _cleanup_free_ = liteio_calloc(m->n, sizeof(*args));
	bool *is_undone _cleanup_free_ = liteio_calloc(m->n, sizeof(*is_undone));
	int r;

	for (size_t i = 0; i < m->n; i++)
		args[i] = &m->parties[i];
	liteio_together_run(m->agent->workers, party_run, args, m->n, &m->end_ms, NULL);
	{
		liteio_guard(&m->lock);
		r = reason(m, err);
		if (r == -ETIMEDOUT && !m->has_held && m->refs == 1)
			return 1;
		if (!r)
			return 0;
		m->is_over = true;
		for (size_t i = 0; i < m->n; i++)
			is_undone[i] = m->parties[i].has_ended;
	}
	/* those that have not ended undo what they do themselves */
	for (size_t i = 0; i < m->n; i++)
		if (is_undone[i])
			liteio_groups_undo(m->agent, m->parties[i].pool, &m->group, NULL);
	return r;
}

/* 1 it is there, 0 it is not, or a negative errno: something else is */
static int look(struct liteio_agent *a, const struct liteio_moment_part *part,
		const struct liteio_pool_member *m, struct liteio_error *err)
{
	struct liteio_catalog_volume v;
	int r;

	if (liteio_pool_volume_get(part->pool->engine, &m->uuid, &v) < 0)
		return 0;
	if (v.state == LITEIO_CATALOG_DELETING)
		return liteio_error_set(err, -EAGAIN,
					"snapshot %s: the uuid is that of %s, which is being deleted",
					m->name, v.name);
	if (v.kind != LITEIO_CATALOG_SNAPSHOT || v.state != LITEIO_CATALOG_READY ||
	    strcmp(v.name, m->name) != 0 || !liteio_uuid_equal(&v.origin, &m->volume))
		return liteio_error_set(err, -EEXIST,
					"snapshot %s: the uuid is that of %s, another one", m->name,
					v.name);
	r = liteio_groups_check(a, &v, err);
	return r ? r : 1;
}

/* 1 all are there, 0 none is, or a negative errno */
static int look_all(struct liteio_agent *a, const struct liteio_moment_part *parts, size_t n,
		    size_t *ret_all, struct liteio_error *err)
{
	size_t there = 0;

	*ret_all = 0;
	for (size_t i = 0; i < n; i++) {
		/* what was not finished before is in the way */
		liteio_groups_undo(a, parts[i].pool, NULL, NULL);
		for (size_t k = 0; k < parts[i].n; k++) {
			int r = look(a, &parts[i], &parts[i].members[k], err);

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

/* 1 when they have not met */
static int take(struct liteio_agent *a, const struct liteio_moment_part *parts, size_t n,
		size_t all, struct liteio_error *err)
{
	struct liteio_uuid group;
	struct moment *m;
	int r;

	liteio_uuid_ordered(&group);
	r = begin(a, parts, n, all, &group, err);
	if (r)
		return r;
	liteio_step("agent-moment:begun");
	m = moment_new(a, parts, n, &group);
	r = try_once(m, err);
	liteio_step("agent-moment:all-taken");
	/* nothing of it is there */
	if (r >= 0) {
		int ended = liteio_groups_end(a, &group, r ? NULL : err);

		r = ended ? ended : r;
		for (size_t i = 0; ended && i < n; i++)
			liteio_groups_undo(a, parts[i].pool, &group, NULL);
	}
	moment_put(m);
	return r;
}

int liteio_moment_take(struct liteio_agent *a, const struct liteio_moment_part *parts, size_t n,
		       struct liteio_error *err)
{
	size_t all;
	int r = look_all(a, parts, n, &all, err);

	if (r)
		return r < 0 ? r : confirm(parts, n, err);
	r = 1;
	for (int i = 0; i < TRIES && r > 0; i++)
		r = take(a, parts, n, all, err);
	return r > 0 ? -ETIMEDOUT : r;
}
