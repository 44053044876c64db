// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disks that come late, and disks that go and come back.
 *
 * The kernel says when a disk has come or gone. While a pool is missing its disks are listed every
 * few seconds as well, for what nobody says anything of: a file on a filesystem that is mounted by
 * now, or that was put there. With all pools open, and the door, nothing is done by the clock. The
 * list is the kernel's, and costs no disk anything; only when it is another one than before are
 * labels read. So a pool whose disk is away for weeks wakes nobody up, and an error is said once,
 * not every time.
 */
#include "agent/arrival.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/door.h"
#include "agent/events.h"
#include "agent/locks.h"
#include "agent/pool_locks.h"
#include "agent/pools.h"
#include "agent/replug.h"
#include "agent/restore.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "host/block.h"
#include "host/uevent.h"

#define LOOK_MS 5000
#define LOOK_SLACK_MS 1000
/* a disk seldom comes alone: partitions, other paths */
#define SETTLE_MS 500

/**
 * struct liteio_arrival - the lookout
 * @agent: whose
 * @timer: NULL once stopped
 * @events: the kernel's; NULL when it can not be listened to
 * @io: on @events
 * @looking: a worker looks; loop thread only
 * @again: something came or went meanwhile; loop thread only
 * @came: nothing is as it was: set by any thread, taken by the job
 * @owes: what has ended with a disk is not written down yet; the job only
 * @seen: the disks as they were when pools were tried last; the job only
 * @missing: pools are, or the door is closed; written by the job, read when it has ended
 */
struct liteio_arrival {
	struct liteio_agent *agent;
	struct liteio_timer *timer;
	struct liteio_uevents *events;
	struct liteio_io *io;
	bool looking;
	bool again;
	_Atomic bool came;
	bool owes;
	char *seen;
	bool missing;
};

/* made by us, or by others, all the time */
static bool is_made(const char *path)
{
	return !strncmp(path, "/dev/dm-", 8) || !strncmp(path, "/dev/loop", 9);
}

/* all disks, without what is made of them, in new memory; "" when they can not be listed */
static char *disks(void)
{
	struct liteio_block_info *all _cleanup_free_ = NULL;
	struct liteio_buf b = LITEIO_BUF_INIT;
	size_t n = 0;

	(void)liteio_block_list(&all, &n, NULL);
	for (size_t i = 0; i < n; i++)
		liteio_buf_addf(&b, "%s %llu\n", all[i].path,
				(unsigned long long)all[i].size_bytes);
	return b.len ? liteio_buf_take(&b) : liteio_strdup("");
}

static void opened(struct liteio_agent *a, struct liteio_open_pool *p)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_pools_remember(a, &err);

	/* known already; where it is may have changed */
	if (r < 0)
		log_err(NULL, "the list of pools is not written: %s", liteio_error_str(&err, r));
	liteio_restore_pool(a, p);
	liteio_events_say(a, LITEIO_LOCAL_EVENT_POOL_OPENED, p->name, &p->uuid, NULL, "found");
}

/* who is in the way is not waited for: what came is looked at when that is over, see on_given() */
static void look_for_pools(struct liteio_arrival *w)
{
	LITEIO_POOL_LOCKS(locks);
	bool is_new;
	char *now;

	/* before the disk is back, and before the node is started anew */
	if (w->came || w->owes)
		w->owes = !liteio_pools_end_unplugged(w->agent);
	now = disks();
	/* one that was pulled out and plugged in again looks the same, and is another one */
	is_new = atomic_exchange(&w->came, false) || !w->seen || strcmp(now, w->seen) != 0;
	if ((liteio_pools_try_again() || is_new) &&
	    liteio_pool_locks_try(w->agent->locks, NULL, &locks))
		liteio_pools_open_missing(w->agent, !is_new, opened);
	free(w->seen);
	w->seen = now;
}

static void look(void *arg)
{
	struct liteio_arrival *w = arg;

	w->missing = liteio_pools_any_missing(w->agent);
	if (w->missing)
		look_for_pools(w);
	/* what it waits for may have been put right by hand, or it could not be opened last time */
	liteio_door_review(w->agent);
	w->missing = w->missing || liteio_door_is_closed(w->agent);
}

static void looked(void *arg)
{
	struct liteio_arrival *w = arg;

	w->looking = false;
	if (w->again && w->timer)
		liteio_timer_arm(w->timer, SETTLE_MS, LOOK_SLACK_MS);
	else if (w->missing && w->timer)
		liteio_timer_arm(w->timer, LOOK_MS, LOOK_SLACK_MS);
}

static void on_timer(void *arg)
{
	struct liteio_arrival *w = arg;

	w->again = w->looking;
	if (w->looking)
		return;
	w->looking = true;
	liteio_worker_submit(w->agent->workers, NULL, look, looked, w);
}

/* loop thread */
static void look_again(void *arg)
{
	struct liteio_arrival *w = arg;

	if (w->timer)
		liteio_timer_arm(w->timer, 0, 0);
}

/* a lock that was in the way is free; any thread */
static void on_given(void *arg)
{
	struct liteio_arrival *w = arg;

	w->came = true;
	liteio_loop_post(w->agent->loop, look_again, w);
}

static bool is_about_disks(const struct liteio_uevent *e)
{
	_cleanup_free_ char *path = liteio_strf("/dev/%s", e->lost ? "" : e->devname);

	return e->lost || (!strcmp(e->subsystem, "block") && !is_made(path) &&
			   (!strcmp(e->action, "add") || !strcmp(e->action, "remove")));
}

static void on_event(void *arg, int fd, unsigned int events)
{
	struct liteio_uevent *e _cleanup_free_ = liteio_calloc(1, sizeof(*e));
	struct liteio_arrival *w = arg;
	bool any = false;

	while (liteio_uevents_next(w->events, e, NULL) > 0)
		any = any || is_about_disks(e);
	if (!any)
		return;
	w->came = true;
	liteio_timer_arm(w->timer, SETTLE_MS, LOOK_SLACK_MS);
}

/* without them what was there at the start, and has gone since, is imported by hand */
static void listen_to_kernel(struct liteio_arrival *w)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_uevents_open(&w->events, &err);

	if (r == 0)
		liteio_uevents_only_disks(w->events);
	if (r == 0)
		r = liteio_io_new(w->agent->loop, liteio_uevents_fd(w->events), LITEIO_IO_READ,
				  on_event, w, &w->io, &err);
	if (r < 0)
		log_err(NULL, "the kernel does not say which disks come and go: %s",
			liteio_error_str(&err, r));
}

int liteio_arrival_start(struct liteio_agent *a, struct liteio_arrival **ret,
			 struct liteio_error *err)
{
	struct liteio_arrival *w = liteio_calloc(1, sizeof(*w));
	int r;

	w->agent = a;
	/* disks that went while no agent was there */
	w->owes = true;
	r = liteio_timer_new(a->loop, on_timer, w, &w->timer, err);
	if (r) {
		free(w);
		return r;
	}
	/* the first look finds what came while the start was under way */
	liteio_timer_arm(w->timer, LOOK_MS, LOOK_SLACK_MS);
	listen_to_kernel(w);
	liteio_locks_tell(a->locks, on_given, w);
	*ret = w;
	return 0;
}

void liteio_arrival_stop(struct liteio_arrival *w)
{
	if (!w)
		return;
	liteio_locks_tell(w->agent->locks, NULL, NULL);
	liteio_io_free(w->io);
	w->io = NULL;
	liteio_timer_free(w->timer);
	w->timer = NULL;
}

void liteio_arrival_free(struct liteio_arrival *w)
{
	if (!w)
		return;
	liteio_uevents_close(w->events);
	free(w->seen);
	free(w);
}
