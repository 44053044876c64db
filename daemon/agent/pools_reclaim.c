// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deleted volumes give their space back, slice by slice.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/worker.h"

int liteio_pools_reclaim(struct liteio_open_pool *p, struct liteio_error *err)
{
	bool more = true;
	int r;

	while (more) {
		liteio_lane_guard(p, false);
		r = liteio_pool_reclaim(p->engine, &more, err);
		if (r < 0)
			return r;
	}
	return 0;
}

struct reclaim_job {
	struct liteio_agent *agent;
	struct liteio_open_pool *pool;
};

static bool has_deleted(struct liteio_open_pool *p)
{
	struct liteio_pool_info info;

	liteio_pool_info(p->engine, &info);
	return info.n_deleting > 0;
}

static void reclaim_run(void *arg)
{
	struct reclaim_job *job = arg;
	struct liteio_open_pool *p = job->pool;
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = 0;

	/* what was deleted while the job came to its end is seen by one of both */
	while (r == 0 && has_deleted(p) && !atomic_exchange(&p->reclaims, true)) {
		r = liteio_pools_reclaim(p, &err);
		atomic_store(&p->reclaims, false);
	}
	if (r)
		log_warning(NULL, "pool %s: space of deleted volumes: %s", p->name,
			    liteio_error_str(&err, r));
	liteio_pools_put(job->agent->pools, p);
	free(job);
}

void liteio_pools_reclaim_later(struct liteio_agent *a, struct liteio_open_pool *p)
{
	struct reclaim_job *job;

	if (!has_deleted(p))
		return;
	job = liteio_calloc(1, sizeof(*job));
	job->agent = a;
	if (liteio_pools_get(a->pools, p->name, &job->pool, NULL) < 0) {
		free(job);
		return;
	}
	liteio_worker_submit(a->workers, NULL, reclaim_run, NULL, job);
}
