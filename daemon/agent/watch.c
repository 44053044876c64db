// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What device-mapper says of pools.
 */
#include "agent/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/events.h"
#include "agent/cluster.h"
#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/worker.h"
#include "host/dm.h"

/*
 * So often is a pool looked at of which the kernel may not say that it is well again, or worse: a
 * full one counts then what was freed, a catalog that could not be written is tried; when its
 * metadata fill and the kernel may not say so in time; and once after the kernel has spoken. So
 * often any other of which it may not; and for so long nobody must have used it before its table is
 * loaded so that the kernel does. Slack spares CPU
 */
#define RESTLESS_MS 5000
#define CALM_MS 30000
#define SLACK_MS 1000

/* and so soon after something failed that nobody will ask for again */
#define RETRY_MS 30000

/**
 * struct seen - a pool that was looked at, and what was last said of it
 * @next: another one
 * @watch: whose
 * @uuid: which; never looked at, it is taken for one that is well
 * @pool: while it is looked at: a reference
 * @now: what that finds: of the thread that looks until it has ended
 * @again: something happened since it began
 * @said: what said_by() has given last
 * @is_event: the kernel said something since it was last looked at
 * @was_event: it had, before it is looked at now
 * @is_told: the kernel says in time what becomes of it; of the thread that looks until it has ended
 * @is_restless: it was in a state that may end, or grow worse, without a word of the kernel
 * @is_untold: it was in one that may become such a state so
 * @lacks_reserve: it has none, and never will: the kernel says nothing of that
 * @lacks_spare: said
 * @n_lies: said
 * @fill: said
 * @condition: said
 * @word: said
 */
struct seen {
	struct seen *next;
	struct liteio_watch *watch;
	struct liteio_uuid uuid;
	struct liteio_open_pool *pool;
	struct liteio_pools_state now;
	bool again;
	uint64_t said;
	bool is_event;
	bool was_event;
	bool is_told;
	bool is_restless;
	bool is_untold;
	bool lacks_reserve;
	bool lacks_spare;
	unsigned int n_lies;
	enum liteio_fill fill;
	enum liteio_pool_condition condition;
	char word[32];
};

/**
 * struct liteio_watch - the watch; loop thread only
 * @agent: whose
 * @fd: device-mapper's events
 * @io: on @fd, NULL once stopped
 * @timer: for the next look that nothing gives a reason for
 * @due_ms: when that is; UINT64_MAX while it is not armed
 * @first: all pools that were ever looked at
 */
struct liteio_watch {
	struct liteio_agent *agent;
	int fd;
	struct liteio_io *io;
	struct liteio_timer *timer;
	uint64_t due_ms;
	struct seen *first;
};

static struct seen *seen_of(struct liteio_watch *w, const struct liteio_uuid *uuid)
{
	struct seen *s;

	for (s = w->first; s; s = s->next) {
		if (liteio_uuid_equal(&s->uuid, uuid))
			return s;
	}
	s = liteio_calloc(1, sizeof(*s));
	s->next = w->first;
	s->watch = w;
	s->uuid = *uuid;
	w->first = s;
	return s;
}

/* ---- what there is to say ------------------------------------------------------------------- */

static void say_fill(const struct liteio_pool_info *i)
{
	char used[32], total[32];

	liteio_format_size(i->space.thin.used, used, sizeof(used));
	liteio_format_size(i->space.thin.total, total, sizeof(total));
	if (i->space.fill == LITEIO_FILL_OK)
		log_info(NULL, "pool %s has space again: %s of %s are in use", i->name, used,
			 total);
	else
		log_warning(NULL, "pool %s is %s on space: %s of %s are in use", i->name,
			    liteio_fill_names[i->space.fill], used, total);
}

static void say(struct liteio_watch *w, const struct liteio_pool_info *i, const char *what)
{
	liteio_events_say(w->agent, LITEIO_LOCAL_EVENT_POOL_CHANGED, i->name, &i->uuid, NULL, what);
}

static void say_condition(struct liteio_watch *w, const struct liteio_pool_info *i)
{
	if (i->condition == LITEIO_POOL_READY) {
		say(w, i, "ready again");
		log_info(NULL, "pool %s is ready again", i->name);
	} else {
		say(w, i, i->reason);
		log_err(NULL, "pool %s: %s", i->name, i->reason);
	}
}

static void say_state(struct seen *s, const struct liteio_pool_info *i)
{
	if (s->fill != i->space.fill) {
		say_fill(i);
		say(s->watch, i, liteio_fill_names[i->space.fill]);
	}
	if (s->condition != i->condition || strcmp(s->word, i->reason_word) != 0)
		say_condition(s->watch, i);
	s->fill = i->space.fill;
	s->condition = i->condition;
	memcpy(s->word, i->reason_word, sizeof(s->word));
}

static void say_metadata(struct seen *s, const struct liteio_pool_info *i)
{
	static const char taken[] =
		"its metadata were nearly full, and took the spare: delete snapshots, let it grow";

	if (i->lacks_spare && !s->lacks_spare) {
		log_warning(NULL, "pool %s: %s", i->name, taken);
		say(s->watch, i, taken);
	}
	s->lacks_spare = i->lacks_spare;
}

/* fewer than before: it was opened again */
static void say_lie(struct seen *s, const struct liteio_pool_info *i)
{
	static const char lied[] =
		"its disk had lost a part of the catalog that it took, which was written again";

	if (i->n_lies > s->n_lies) {
		log_err(NULL, "pool %s: %s", i->name, lied);
		say(s->watch, i, lied);
	}
	s->n_lies = i->n_lies;
}

/* ---- looking -------------------------------------------------------------------------------- */

static bool any_restless(const struct liteio_watch *w)
{
	for (const struct seen *s = w->first; s; s = s->next) {
		if (s->is_restless)
			return true;
	}
	return false;
}

static bool any_untold(const struct liteio_watch *w)
{
	for (const struct seen *s = w->first; s; s = s->next) {
		if (s->is_untold)
			return true;
	}
	return false;
}

/* what is to be looked at sooner is not put off */
static void look_within(struct liteio_watch *w, uint64_t ms)
{
	uint64_t due_ms = liteio_now_ms() + ms;

	if (!w->timer || w->due_ms <= due_ms)
		return;
	w->due_ms = due_ms;
	liteio_timer_arm(w->timer, ms, SLACK_MS);
}

static void rest(struct liteio_watch *w)
{
	if (any_restless(w))
		look_within(w, RESTLESS_MS);
	else if (any_untold(w))
		look_within(w, CALM_MS);
}

static int keep_mark(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	int r = liteio_pool_keep_mark(engine, liteio_now_ms(), CALM_MS, err);

	*(bool *)ret = r > 0;
	return r < 0 ? r : 0;
}

/* one that is not ready has no mark: what may become of it, or be tried again, is no event */
static bool is_told(struct liteio_open_pool *p, const struct liteio_pool_info *i)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	bool told = false;
	int r;

	if (i->condition != LITEIO_POOL_READY)
		return false;
	r = liteio_pools_look(p, keep_mark, &told, sizeof(told), &err);
	/* another one is in the lane: it is asked again */
	if (r && r != -ETIMEDOUT && r != -EAGAIN)
		log_warning(NULL, "%s", liteio_error_str(&err, r));
	return !r && told;
}

static void look(void *arg)
{
	struct seen *s = arg;

	liteio_pools_state(s->pool, false, &s->now);
	s->is_told = is_told(s->pool, &s->now.info);
}

static void looked(void *arg);

/* @pool: the reference is given away. It may hang: nobody else's look waits for it */
static void begin(struct seen *s, struct liteio_open_pool *pool)
{
	struct liteio_workers *askers = liteio_pools_askers(s->watch->agent->pools);

	s->again = false;
	s->was_event = s->is_event;
	s->is_event = false;
	s->is_restless = false;
	s->is_untold = false;
	s->pool = pool;
	liteio_worker_submit(askers, NULL, look, looked, s);
}

/* dm-thin speaks before it takes the block that matters: who looks at once may not see that */
static bool may_be_early(const struct seen *s)
{
	return s->was_event && !s->is_told && s->now.info.condition == LITEIO_POOL_READY;
}

static void looked(void *arg)
{
	struct seen *s = arg;
	struct liteio_watch *w = s->watch;
	struct liteio_open_pool *pool = s->pool;
	const struct liteio_pool_info *i = &s->now.info;

	say_state(s, i);
	say_metadata(s, i);
	say_lie(s, i);
	s->is_restless = i->ends_unsaid || (i->is_meta_pressed && !s->is_told) || may_be_early(s);
	s->is_untold = !s->is_told;
	s->lacks_reserve = !i->space.reserve.total;
	if (i->condition < LITEIO_POOL_READ_ONLY)
		liteio_pools_reclaim_rest(w->agent, pool);
	s->pool = NULL;
	if (s->again && w->io) {
		begin(s, pool);
	} else {
		liteio_pools_put(w->agent->pools, pool);
		rest(w);
	}
}

void liteio_watch_look(struct liteio_watch *w)
{
	struct liteio_open_pool **all;
	size_t n;

	if (!w)
		return;
	/* what the timer is for happens now */
	w->due_ms = UINT64_MAX;
	if (w->timer)
		liteio_timer_disarm(w->timer);
	/* of those that are gone nothing is to be waited for */
	for (struct seen *s = w->first; s; s = s->next) {
		s->is_restless = false;
		s->is_untold = false;
	}
	liteio_pools_all(w->agent->pools, &all, &n);
	for (size_t i = 0; i < n; i++) {
		struct seen *s = seen_of(w, &all[i]->uuid);

		if (s->pool) {
			s->again = true;
			liteio_pools_put(w->agent->pools, all[i]);
		} else {
			begin(s, all[i]);
		}
	}
	free(all);
	/* it looks by itself, at each by itself */
	if (w->agent->cluster)
		liteio_cluster_pools_changed(w->agent->cluster);
}

/*
 * A number that is another one when the kernel has said something of the pool since. It asks the
 * kernel for what it has in memory: no disk is waited for.
 */
static uint64_t said_by(const struct seen *s)
{
	static const enum liteio_dm_role roles[] = { LITEIO_DM_POOL, LITEIO_DM_RPOOL };
	char name[LITEIO_DM_NAME_MAX + 1];
	struct liteio_dm_info dm;
	uint64_t said = 0;

	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(roles); i++) {
		said *= 31;
		if (roles[i] == LITEIO_DM_RPOOL && s->lacks_reserve)
			continue;
		liteio_dm_name(roles[i], &s->uuid, 0, name);
		if (!liteio_dm_info(name, &dm, NULL))
			said += ((uint64_t)dm.minor << 32) + dm.event_nr + 1;
	}
	return said;
}

/* of any pool: every device that comes or goes is an event, and most are none of a pool */
static bool any_said(struct liteio_watch *w)
{
	struct liteio_open_pool **all;
	bool any = false;
	size_t n;

	liteio_pools_all(w->agent->pools, &all, &n);
	for (size_t i = 0; i < n; i++) {
		struct seen *s = seen_of(w, &all[i]->uuid);
		uint64_t said = said_by(s);

		if (said != s->said) {
			s->said = said;
			s->is_event = true;
			any = true;
		}
	}
	liteio_pools_put_all(w->agent->pools, all, n);
	return any;
}

static void look_soon(struct liteio_agent *a)
{
	liteio_watch_look(a->watch);
}

/* loop thread; it may have been stopped meanwhile */
static void look_posted(void *arg)
{
	struct liteio_agent *a = arg;

	liteio_agent_look(a);
}

/* any thread */
static void changed(void *arg)
{
	struct liteio_agent *a = arg;

	liteio_loop_post(a->loop, look_posted, a);
}

static void look_later(struct liteio_agent *a)
{
	look_within(a->watch, RETRY_MS);
}

/* armed before anything is looked at: what happens meanwhile is not lost */
static void on_event(void *arg, int fd, unsigned int events)
{
	struct liteio_watch *w = arg;
	struct liteio_error err = LITEIO_ERROR_INIT;
	int r = liteio_dm_events_arm(fd, &err);

	if (r < 0) {
		log_err(NULL, "changes of pools are not noticed any more: %s", err.msg);
		liteio_io_set_events(w->io, 0);
		return;
	}
	/* each volume that is brought back is an event: pools are looked at when that is done */
	if (any_said(w) && w->agent->ready)
		liteio_watch_look(w);
	else if (w->agent->ready && w->agent->cluster)
		liteio_cluster_pools_changed(w->agent->cluster);
}

static void on_timer(void *arg)
{
	liteio_watch_look(arg);
}

int liteio_watch_start(struct liteio_agent *a, struct liteio_watch **ret, struct liteio_error *err)
{
	struct liteio_watch *w;
	int fd, r;

	fd = liteio_dm_events_open(err);
	if (fd < 0)
		return fd;
	w = liteio_calloc(1, sizeof(*w));
	w->agent = a;
	w->fd = fd;
	w->due_ms = UINT64_MAX;
	r = liteio_dm_events_arm(fd, err);
	if (r == 0)
		r = liteio_timer_new(a->loop, on_timer, w, &w->timer, err);
	if (r == 0)
		r = liteio_io_new(a->loop, fd, LITEIO_IO_READ, on_event, w, &w->io, err);
	if (r < 0) {
		liteio_watch_free(w);
		return r;
	}
	*ret = w;
	a->try_later = look_later;
	a->look = look_soon;
	liteio_pools_tell(a->pools, changed, a);
	return 0;
}

void liteio_watch_stop(struct liteio_watch *w)
{
	if (!w)
		return;
	liteio_pools_tell(w->agent->pools, NULL, NULL);
	w->agent->try_later = NULL;
	w->agent->look = NULL;
	liteio_io_free(w->io);
	w->io = NULL;
	liteio_timer_free(w->timer);
	w->timer = NULL;
}

void liteio_watch_free(struct liteio_watch *w)
{
	struct seen *s, *next;

	if (!w)
		return;
	liteio_watch_stop(w);
	close(w->fd);
	for (s = w->first; s; s = next) {
		next = s->next;
		free(s);
	}
	free(w);
}
