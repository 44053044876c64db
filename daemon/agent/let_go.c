// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thin device of a volume that nobody has attached any more, and nobody has written, goes out
 * of the kernel.
 *
 * That waits for the kernel's grace period and may wait for the disk, so nobody waits for it: it is
 * a job of its own, which gives way to whoever works on the volume.
 */
#include "agent/let_go.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "base/worker.h"

/**
 * struct let_go_job - a device that may go
 * @agent: the agent
 * @volume: whose it is
 */
struct let_go_job {
	struct liteio_agent *agent;
	struct liteio_uuid volume;
};

static int may_go(struct liteio_open_pool *p, const struct liteio_uuid *volume,
		  struct liteio_pool_load *ret)
{
	LITEIO_LANE(lane);
	int r = liteio_lane_enter(p, LITEIO_LANE_LOOK, &lane, NULL);

	return r ? r : liteio_pool_volume_let_go(p->engine, volume, ret);
}

static void take_out(struct liteio_target *t)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_pool_load load;
	int r;

	/* of a disk that is silent it would wait with a lock that the loads of all pools need */
	r = liteio_pools_check_awake(t->pool, NULL);
	if (!r)
		r = may_go(t->pool, &t->volume.uuid, &load);
	if (r)
		return;
	liteio_pools_load_begin(t->pool);
	r = liteio_pool_volume_unload(&load, &err);
	liteio_pools_load_end(t->pool);
	if (r)
		log_warning(NULL, "volume %s: its device stays: %s", t->volume.name,
			    liteio_error_str(&err, r));
}

static void run(void *arg)
{
	struct let_go_job *job = arg;
	struct liteio_agent *a = job->agent;
	char text[LITEIO_UUID_STRLEN + 1];
	LITEIO_TARGET(t);

	liteio_uuid_format(&job->volume, text);
	if (!liteio_target_find_uuid(a, &job->volume, &t, NULL))
		t.lock = liteio_locks_try(a->locks, text);
	if (t.lock)
		take_out(&t);
	free(job);
}

void liteio_let_go_later(struct liteio_agent *a, const struct liteio_uuid *volume)
{
	struct let_go_job *job = liteio_calloc(1, sizeof(*job));

	*job = (struct let_go_job){ a, *volume };
	liteio_worker_submit(a->workers, NULL, run, NULL, job);
}
