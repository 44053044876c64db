// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deleted volumes give their space back, slice by slice.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/headway.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"

#define JOB_MS 5000

/* what one of them has not given back yet; in the lane */
static uint64_t left_of(struct liteio_open_pool *p, const struct liteio_uuid *uuid)
{
	uint64_t left = 0;

	(void)liteio_pool_reclaim_left(p->engine, uuid, &left, NULL);
	return left;
}

int liteio_pools_reclaim(struct liteio_open_pool *p, const struct liteio_uuid *uuid,
			 struct liteio_error *err)
{
	bool is_watched = liteio_headway_is_watched(), more = true;
	uint64_t total = 0, left;
	int r;

	atomic_store(&p->reclaimed, true);
	while (more) {
		LITEIO_LANE(lane);

		/* the watch goes on with it when whoever hangs there has left */
		r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
		if (r)
			return liteio_error_wrap(err, r,
						 "it is deleted, and its space comes back later");
		if (is_watched && !total) {
			total = left_of(p, uuid);
			liteio_headway_total(total);
		}
		r = liteio_pool_reclaim(p->engine, &more, err);
		if (r < 0)
			return r;
		left = is_watched ? left_of(p, uuid) : 0;
		liteio_headway_done(total > left ? total - left : 0);
	}
	return 0;
}

void liteio_pools_reclaimed(struct liteio_agent *a, const struct liteio_open_pool *p)
{
	liteio_events_say(a, LITEIO_LOCAL_EVENT_SPACE_FREED, p->name, &p->uuid, NULL, NULL);
}

/**
 * struct reclaim_job - a pool's space on its way back
 * @agent: the agent
 * @pool: a reference
 * @is_owner: it has set @pool->reclaims
 */
struct reclaim_job {
	struct liteio_agent *agent;
	struct liteio_open_pool *pool;
	bool is_owner;
};

static bool has_deleted(struct liteio_open_pool *p)
{
	struct liteio_pool_info info;

	liteio_pool_info(p->engine, &info);
	return info.n_deleting > 0;
}

/* slices for a while: no job runs so long that it looks stuck */
static int reclaim_some(struct liteio_open_pool *p, struct liteio_error *err)
{
	uint64_t deadline = liteio_now_ms() + JOB_MS;
	bool more = true;
	int r = 0;

	while (more && r == 0 && liteio_now_ms() < deadline) {
		LITEIO_LANE(lane);

		/* without a worker as long as somebody hangs there */
		r = liteio_lane_enter(p, LITEIO_LANE_CHANGE, &lane, err);
		if (!r)
			r = liteio_pool_reclaim(p->engine, &more, err);
	}
	return r;
}

/* what kept the space may be over soon, and nobody asks for it again */
static void try_later(void *arg)
{
	struct liteio_agent *a = arg;

	if (a->try_later)
		a->try_later(a);
}

static void reclaim_run(void *arg)
{
	struct reclaim_job *job = arg;
	struct liteio_open_pool *p = job->pool;
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = 0;

	if (job->is_owner || !atomic_exchange(&p->reclaims, true)) {
		job->is_owner = true;
		r = reclaim_some(p, &err);
		if (r == 0 && has_deleted(p)) {
			liteio_worker_submit(job->agent->workers, NULL, reclaim_run, NULL, job);
			return;
		}
		atomic_store(&p->reclaims, false);
		if (r == 0)
			liteio_pools_reclaimed(job->agent, p);
		/* deleted when this one came to its end */
		if (r == 0)
			liteio_pools_reclaim_later(job->agent, p);
	}
	if (r) {
		log_warning(NULL, "pool %s: space of deleted volumes: %s", p->name,
			    liteio_error_str(&err, r));
		liteio_loop_post(job->agent->loop, try_later, job->agent);
	}
	liteio_pools_put(job->agent->pools, p);
	free(job);
}

void liteio_pools_reclaim_later(struct liteio_agent *a, struct liteio_open_pool *p)
{
	struct reclaim_job *job;

	atomic_store(&p->reclaimed, true);
	if (!has_deleted(p) || atomic_load(&p->reclaims))
		return;
	job = liteio_calloc(1, sizeof(*job));
	job->agent = a;
	if (liteio_pools_get(a->pools, p->name, &job->pool, NULL) < 0) {
		free(job);
		return;
	}
	liteio_worker_submit(a->workers, NULL, reclaim_run, NULL, job);
}

void liteio_pools_reclaim_rest(struct liteio_agent *a, struct liteio_open_pool *p)
{
	if (atomic_load(&p->reclaimed))
		liteio_pools_reclaim_later(a, p);
}
