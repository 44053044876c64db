// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What device-mapper says of pools.
 */
#include "agent/watch.h"

#include <errno.h>
#include <pthread.h>
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
 * so often is a pool looked at of which the kernel may not say that it is well again: a full one
 * counts then what was freed, and a catalog that could not be written is tried; slack spares CPU
 */
#define UNSAID_MS 5000
#define SLACK_MS 1000

/* and so soon after something failed that nobody will ask for again */
#define RETRY_MS 30000

/*
 * So often is a pool looked at of which the kernel may not say in time that it fills, when its
 * metadata do, and any other; and for so long nobody must have used it before its table is loaded
 * so that the kernel does.
 */
#define PRESSED_MS 5000
#define CALM_MS 30000
#define CALM_SLACK_MS 1000

/* what was last said of a pool */
struct said {
	struct liteio_uuid uuid;
	bool lacks_spare;
	unsigned int n_lies;
	enum liteio_fill fill;
	enum liteio_pool_condition condition;
	char word[32];
};

/**
 * struct liteio_watch - the watch
 * @agent: whose
 * @fd: device-mapper's events
 * @io: on @fd, NULL once stopped
 * @timer: for pools of which that is so, or whose deleted volumes did not go
 * @unsaid: one was, when they were looked at last; read when the job has ended
 * @looking: a worker looks at the pools; loop thread only
 * @again: something happened since it began; loop thread only
 * @lock: covers what follows and @unsaid while the job is under way: as many threads as there are
 *	pools write them, each when it has looked at one
 * @is_untold: the kernel may not say in time what becomes of one; read when the job has ended
 * @is_pressed: likewise, and its metadata fill
 * @said: of each pool that was looked at
 * @n_said: how many
 */
struct liteio_watch {
	struct liteio_agent *agent;
	int fd;
	struct liteio_io *io;
	struct liteio_timer *timer;
	bool unsaid;
	bool looking;
	bool again;
	pthread_mutex_t lock;
	bool is_untold;
	bool is_pressed;
	struct said *said;
	size_t n_said;
};

/* a pool that was never looked at is taken for one that is well */
static struct said *find_said(struct liteio_watch *w, const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < w->n_said; i++) {
		if (liteio_uuid_equal(&w->said[i].uuid, uuid))
			return &w->said[i];
	}
	w->said = liteio_realloc(w->said, w->n_said + 1, sizeof(*w->said));
	w->said[w->n_said] = (struct said){ .uuid = *uuid };
	return &w->said[w->n_said++];
}

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

static void say_state(struct liteio_watch *w, const struct liteio_pool_info *i)
{
	struct said *said = find_said(w, &i->uuid);

	if (said->fill != i->space.fill)
		say_fill(i);
	if (said->fill != i->space.fill)
		say(w, i, liteio_fill_names[i->space.fill]);
	if (said->condition != i->condition || strcmp(said->word, i->reason_word) != 0)
		say_condition(w, i);
	w->unsaid |= i->ends_unsaid;
	said->fill = i->space.fill;
	said->condition = i->condition;
	memcpy(said->word, i->reason_word, sizeof(said->word));
}

static void say_metadata(struct liteio_watch *w, const struct liteio_pool_info *i)
{
	static const char taken[] =
		"its metadata were nearly full, and took the spare: delete snapshots, let it grow";
	struct said *said = find_said(w, &i->uuid);

	if (i->lacks_spare && !said->lacks_spare) {
		log_warning(NULL, "pool %s: %s", i->name, taken);
		say(w, i, taken);
	}
	said->lacks_spare = i->lacks_spare;
}

/* fewer than before: it was opened again */
static void say_lie(struct liteio_watch *w, const struct liteio_pool_info *i)
{
	static const char lied[] =
		"its disk had lost a part of the catalog that it took, which was written again";
	struct said *said = find_said(w, &i->uuid);

	if (i->n_lies > said->n_lies) {
		log_err(NULL, "pool %s: %s", i->name, lied);
		say(w, i, lied);
	}
	said->n_lies = i->n_lies;
}

static int keep_mark(struct liteio_pool *engine, void *ret, struct liteio_error *err)
{
	int r = liteio_pool_keep_mark(engine, liteio_now_ms(), CALM_MS, err);

	*(bool *)ret = r > 0;
	return r < 0 ? r : 0;
}

/* of one that is not ready the kernel says what it can, and the rest is asked for otherwise */
static bool is_told(struct liteio_open_pool *p, const struct liteio_pool_info *i)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	bool told = false;
	int r;

	if (i->condition != LITEIO_POOL_READY)
		return true;
	r = liteio_pools_look(p, keep_mark, &told, sizeof(told), &err);
	/* another one is in the lane: it is asked again */
	if (r && r != -ETIMEDOUT && r != -EAGAIN)
		log_warning(NULL, "%s", liteio_error_str(&err, r));
	return !r && told;
}

/* pools that are looked at, each held until it was */
struct round {
	struct liteio_watch *watch;
	struct liteio_open_pool **all;
};

/* what there is to say of one does not wait for another one that hangs */
static void look_at(void *arg, struct liteio_open_pool *p, size_t i)
{
	struct round *r = arg;
	struct liteio_watch *w = r->watch;
	struct liteio_pools_state now;
	bool told;

	liteio_pools_state(p, false, &now);
	{
		liteio_guard(&w->lock);
		say_state(w, &now.info);
		say_metadata(w, &now.info);
		say_lie(w, &now.info);
	}
	told = is_told(p, &now.info);
	{
		liteio_guard(&w->lock);
		w->is_untold |= !told;
		w->is_pressed |= !told && now.info.is_meta_pressed;
	}
	if (now.info.condition < LITEIO_POOL_READ_ONLY)
		liteio_pools_reclaim_later(w->agent, p);
	r->all[i] = NULL;
	liteio_pools_put(w->agent->pools, p);
}

static void look(void *arg)
{
	struct liteio_watch *w = arg;
	struct round r = { .watch = w };
	size_t n;

	w->unsaid = false;
	w->is_untold = false;
	w->is_pressed = false;
	liteio_pools_all(w->agent->pools, &r.all, &n);
	liteio_pools_each(w->agent->pools, r.all, n, look_at, &r);
	free(r.all);
}

static void looked(void *arg);

static void begin(struct liteio_watch *w)
{
	w->looking = true;
	w->again = false;
	liteio_worker_submit(w->agent->workers, NULL, look, looked, w);
}

static void looked(void *arg)
{
	struct liteio_watch *w = arg;

	w->looking = false;
	/* unless there is a reason to do so earlier */
	if (w->timer && w->is_untold)
		liteio_timer_arm(w->timer, w->is_pressed ? PRESSED_MS : CALM_MS, CALM_SLACK_MS);
	if (w->agent->cluster)
		liteio_cluster_pools_changed(w->agent->cluster);
	if (w->again && w->io)
		begin(w);
	else if (w->unsaid && w->timer)
		liteio_timer_arm(w->timer, UNSAID_MS, SLACK_MS);
}

void liteio_watch_look(struct liteio_watch *w)
{
	if (!w)
		return;
	w->again = true;
	if (!w->looking)
		begin(w);
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
	struct liteio_watch *w = a->watch;

	/* that is sooner, and tries all */
	if (!w->looking && (w->unsaid || w->is_pressed))
		return;
	liteio_timer_arm(w->timer, RETRY_MS, SLACK_MS);
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
	liteio_watch_look(w);
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
	pthread_mutex_init(&w->lock, NULL);
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
	if (!w)
		return;
	liteio_watch_stop(w);
	close(w->fd);
	pthread_mutex_destroy(&w->lock);
	free(w->said);
	free(w);
}
