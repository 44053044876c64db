// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disks that come late.
 *
 * The list of block devices is the kernel's, and costs no disk anything; only when it is another
 * one than before are labels read. So a pool whose disk is away for weeks wakes nobody up, and an
 * error is said once, not every time.
 */
#include "agent/arrival.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/pools.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "host/block.h"

#define LOOK_MS 5000
#define LOOK_SLACK_MS 1000

/**
 * struct liteio_arrival - the lookout
 * @agent: whose
 * @timer: NULL once stopped
 * @seen: the disks as they were when pools were tried last; the job only
 * @missing: some are; written by the job, read when it has ended
 */
struct liteio_arrival {
	struct liteio_agent *agent;
	struct liteio_timer *timer;
	char *seen;
	bool missing;
};

/* made by us, or by others, all the time */
static bool is_made(const char *path)
{
	return !strncmp(path, "/dev/dm-", 8) || !strncmp(path, "/dev/loop", 9);
}

/* all disks, in new memory; "" when they can not be listed */
static char *disks(void)
{
	struct liteio_block_info *all _cleanup_free_ = NULL;
	struct liteio_buf b = LITEIO_BUF_INIT;
	size_t n = 0;

	(void)liteio_block_list(&all, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		if (!is_made(all[i].path))
			liteio_buf_addf(&b, "%s %llu\n", all[i].path,
					(unsigned long long)all[i].size_bytes);
	}
	return b.len ? liteio_buf_take(&b) : liteio_strdup("");
}

static void opened(struct liteio_agent *a, struct liteio_open_pool *p)
{
	liteio_restore_pool(a, p);
	liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_OPENED, p->name, &p->uuid, NULL, "found");
}

static void look(void *arg)
{
	struct liteio_arrival *w = arg;
	char *now;

	w->missing = liteio_pools_any_missing(w->agent);
	if (!w->missing)
		return;
	now = disks();
	if (!w->seen || strcmp(now, w->seen) != 0) {
		struct liteio_named_lock *lock _liteio_held_ =
			liteio_locks_take(w->agent->locks, "pools");

		liteio_pools_open_missing(w->agent, opened);
	}
	free(w->seen);
	w->seen = now;
}

static void looked(void *arg)
{
	struct liteio_arrival *w = arg;

	if (w->missing && w->timer)
		liteio_timer_arm(w->timer, LOOK_MS, LOOK_SLACK_MS);
}

static void on_timer(void *arg)
{
	struct liteio_arrival *w = arg;

	liteio_worker_submit(w->agent->workers, NULL, look, looked, w);
}

int liteio_arrival_start(struct liteio_agent *a, struct liteio_arrival **ret,
			 struct liteio_error *err)
{
	struct liteio_arrival *w = liteio_calloc(1, sizeof(*w));
	int r;

	w->agent = a;
	r = liteio_timer_new(a->loop, on_timer, w, &w->timer, err);
	if (r) {
		free(w);
		return r;
	}
	/* the first look finds what came while the start was under way */
	liteio_timer_arm(w->timer, LOOK_MS, LOOK_SLACK_MS);
	*ret = w;
	return 0;
}

void liteio_arrival_stop(struct liteio_arrival *w)
{
	if (!w)
		return;
	liteio_timer_free(w->timer);
	w->timer = NULL;
}

void liteio_arrival_free(struct liteio_arrival *w)
{
	if (!w)
		return;
	free(w->seen);
	free(w);
}
