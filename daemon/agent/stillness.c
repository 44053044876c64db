// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stillness: the heads of volumes held still while their snapshots are taken.
 */
#include "agent/stillness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/mount.h"
#include "pool/heir.h"
#include "pool/step.h"

/*
 * Who writes meanwhile waits: not longer than a database forgives. And the pool's lane is held: so
 * long that its disk is taken for one that does not answer it must not be
 */
#define FREEZE_MS 8000
_Static_assert(FREEZE_MS < LITEIO_LOOK_MS, "a freeze is no disk that hangs");
/* before that nobody waits but who asked: as long as for a lane */
#define WRITE_MS 60000

/* of one that has gone */
#define GONE (-1)

/* a head that nobody has open has nothing to hold still; not yet */
static bool is_wanted(const struct liteio_stillness *s, size_t i)
{
	return s->heads[i].open_count > (s->is_all ? GONE : 0);
}

static bool any_wanted(const struct liteio_stillness *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_wanted(s, i))
			return true;
	return false;
}

bool liteio_stillness_is_needed(const struct liteio_stillness *s)
{
	return any_wanted(s);
}

/* ---- what filesystems have to write --------------------------------------------------------- */

/**
 * struct writing - filesystems that are written back
 * @next: of all
 * @pool: of their volumes
 * @devices: that they are on
 * @n: how many
 * @has_ended: all of it
 * @is_left: nobody waits for it any more
 *
 * It ends when the disk answers, if ever, and holds nothing that anybody needs. So a thread of its
 * own does it, which says whose disk it hangs on, and is left behind with it. There is one at a
 * time for each device.
 */
struct writing {
	struct writing *next;
	struct liteio_uuid pool;
	char (*devices)[LITEIO_DM_PATH_MAX];
	size_t n;
	bool has_ended;
	bool is_left;
};

/* of all threads */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct writing *first;
} writings = { .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER };

/* no harm when it fails: the freeze does the same, and is what counts */
static void write_back(const char *device)
{
	char **targets;
	size_t i, n = 0;

	if (liteio_mount_users(device, &targets, &n, NULL) < 0)
		return;
	for (i = 0; i < n; i++) {
		_cleanup_close_ int fd = open(targets[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd >= 0)
			(void)!syncfs(fd);
	}
	liteio_fs_names_free(targets, n);
}

/* the lock is held */
static void writing_free(struct writing *w)
{
	struct writing **at = &writings.first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	free(w->devices);
	free(w);
}

static void *writing_run(void *arg)
{
	struct writing *w = arg;

	liteio_heir_begin(&w->pool);
	for (size_t i = 0; i < w->n; i++)
		write_back(w->devices[i]);
	liteio_heir_end();
	liteio_guard(&writings.lock);
	w->has_ended = true;
	if (w->is_left)
		writing_free(w);
	else
		pthread_cond_broadcast(&writings.ended);
	return NULL;
}

/* one that was left behind, and has not ended; the lock is held */
static bool is_left(const char *device)
{
	for (const struct writing *w = writings.first; w; w = w->next)
		for (size_t i = 0; i < w->n && w->is_left; i++)
			if (!strcmp(w->devices[i], device))
				return true;
	return false;
}

static int not_written(const char *device, struct liteio_error *err)
{
	return liteio_error_set(err, -ETIMEDOUT,
				"the filesystem on %s is not written within %d s: its disk may not answer",
				device, WRITE_MS / 1000);
}

/* the lock is held */
static int writing_start(struct writing *w, struct liteio_error *err)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	for (size_t i = 0; i < w->n; i++)
		if (is_left(w->devices[i]))
			return not_written(w->devices[i], err);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, writing_run, w);
	pthread_attr_destroy(&attr);
	return r ? liteio_error_set(err, -r, "no thread to write filesystems: %s", strerror(r)) : 0;
}

static int writing_wait(struct writing *w, struct liteio_error *err)
{
	uint64_t until_ms = liteio_now_ms() + WRITE_MS;

	while (!w->has_ended && liteio_wait_until(&writings.ended, &writings.lock, until_ms))
		;
	w->is_left = !w->has_ended;
	return w->is_left ? not_written(w->devices[0], err) : 0;
}

static int write_all(const struct liteio_stillness *s, struct liteio_error *err)
{
	struct writing *w = liteio_calloc(1, sizeof(*w));
	int r = 0;

	w->pool = s->pool;
	w->devices = liteio_calloc(s->n + 1, sizeof(*w->devices));
	for (size_t i = 0; i < s->n; i++)
		if (is_wanted(s, i))
			liteio_dm_path(&s->heads[i], w->devices[w->n++]);
	liteio_guard(&writings.lock);
	w->next = writings.first;
	writings.first = w;
	if (w->n)
		r = writing_start(w, err);
	if (w->n && !r)
		r = writing_wait(w, err);
	if (!w->is_left)
		writing_free(w);
	return r;
}

/* ---- which heads there are ------------------------------------------------------------------ */

/* a generation below the floor, which the catalog does not have any more, writes nothing */
static int add_heads(struct liteio_stillness *s, struct liteio_open_pool *p,
		     const struct liteio_uuid *uuid, struct liteio_error *err)
{
	_cleanup_free_ struct liteio_catalog_attachment *atts = NULL;
	size_t n = 0;
	int r = 0;

	liteio_pool_attachment_list(p->engine, uuid, &atts, &n);
	s->heads = liteio_realloc(s->heads, s->n + n + 1, sizeof(*s->heads));
	for (size_t i = 0; i < n && !r; i++) {
		r = liteio_head_info(uuid, atts[i].generation, false, &s->heads[s->n], err);
		s->n += !r;
		if (r == -ENODEV)
			r = 0;
	}
	return r;
}

int liteio_stillness_find(struct liteio_stillness *s, struct liteio_open_pool *p,
			  const struct liteio_uuid *uuids, size_t n, bool is_group,
			  struct liteio_error *err)
{
	int r = 0;

	*s = (struct liteio_stillness){ .pool = p->uuid, .is_group = is_group };
	for (size_t i = 0; i < n && !r; i++)
		r = add_heads(s, p, &uuids[i], err);
	return r ? r : write_all(s, err);
}

/* ---- held, and let go ----------------------------------------------------------------------- */

/* from @i to before @end; one that runs already is left as it is */
static void resume(struct liteio_stillness *s, size_t i, size_t end)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	for (; i < end; i++) {
		if (!is_wanted(s, i))
			continue;
		if (liteio_dm_resume(s->heads[i].name, 0, &err) < 0)
			log_err(NULL, "%s stays suspended: %s", s->heads[i].name, err.msg);
	}
}

static void thaw(void *arg)
{
	struct liteio_stillness *s = arg;

	resume(s, 0, s->n_held);
	s->n_held = 0;
}

/* ---- the bound of a freeze ------------------------------------------------------------------ */

/**
 * struct liteio_holding - the thread that holds the heads
 * @s: the heads; @s->n_held under @lock until it has ended
 * @thread: itself
 * @lock: covers what follows
 * @ended: signalled with @is_over
 * @is_over: all are held, or it failed
 * @is_late: too late: what was held is not any more, and what it holds yet it lets go of
 * @r: how it has ended
 * @err: in words
 *
 * To freeze a filesystem waits in the kernel for all that it has to write, which may not end. It
 * may even lie on several of the volumes, with its log on another one, or in a file of another one,
 * and wait for what is held already, until that is let go. So a thread of its own does it, and who
 * has the pool's lane waits for it no longer than a while.
 */
struct liteio_holding {
	struct liteio_stillness *s;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool is_over;
	bool is_late;
	int r;
	struct liteio_error err;
};

/* one more is held; false when it is too late for that */
static bool hold_one(struct liteio_holding *h, size_t i)
{
	liteio_guard(&h->lock);
	if (!h->is_late)
		h->s->n_held = i + 1;
	return !h->is_late;
}

static int hold_all(struct liteio_holding *h, struct liteio_error *err)
{
	struct liteio_stillness *s = h->s;

	for (size_t i = 0; i < s->n; i++) {
		if (is_wanted(s, i)) {
			int r = liteio_dm_suspend(s->heads[i].name, LITEIO_DM_LOCKFS, err);

			if (r)
				return r;
			liteio_step("agent-snapshot:head-frozen");
		}
		if (!hold_one(h, i)) {
			resume(s, i, i + 1);
			return 0;
		}
	}
	return 0;
}

static void *holding_run(void *arg)
{
	struct liteio_holding *h = arg;
	int r;

	liteio_heir_begin(&h->s->pool);
	r = hold_all(h, &h->err);
	liteio_heir_end();
	liteio_guard(&h->lock);
	h->r = r;
	h->is_over = true;
	pthread_cond_signal(&h->ended);
	return NULL;
}

static int holding_start(struct liteio_stillness *s, struct liteio_error *err)
{
	struct liteio_holding *h = liteio_calloc(1, sizeof(*h));
	int r;

	*h = (struct liteio_holding){
		.s = s,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER,
		.err = LITEIO_ERROR_INIT,
	};
	r = pthread_create(&h->thread, NULL, holding_run, h);
	if (r) {
		free(h);
		return liteio_error_set(err, -r, "no thread to bound the freeze: %s", strerror(r));
	}
	s->holding = h;
	return 0;
}

/* when it has ended, however long that takes */
static void holding_join(struct liteio_stillness *s)
{
	if (!s->holding)
		return;
	pthread_join(s->holding->thread, NULL);
	pthread_cond_destroy(&s->holding->ended);
	pthread_mutex_destroy(&s->holding->lock);
	free(s->holding);
	s->holding = NULL;
}

static int holding_wait(struct liteio_holding *h, struct liteio_error *err)
{
	liteio_guard(&h->lock);
	while (!h->is_over && liteio_wait_until(&h->ended, &h->lock, h->s->until_ms))
		;
	h->is_late = !h->is_over;
	if (h->is_late)
		return liteio_error_set(err, -ETIMEDOUT, "holding still took longer than %d s",
					FREEZE_MS / 1000);
	if (h->r)
		liteio_error_set(err, h->r, "%s", liteio_error_str(&h->err, h->r));
	return h->r;
}

/*
 * Since they were looked for the lane has been waited for, up to a minute: a filesystem that was
 * mounted meanwhile is to be frozen, too. From here on who holds one still lets it go, whoever
 * opens or closes it
 */
static int count_again(struct liteio_stillness *s, struct liteio_error *err)
{
	for (size_t i = 0; i < s->n; i++) {
		struct liteio_dm_info now;
		int r = liteio_dm_info(s->heads[i].name, &now, err);

		if (r && r != -ENODEV)
			return r;
		s->heads[i].open_count = r ? GONE : now.open_count;
	}
	return 0;
}

static int hold(struct liteio_stillness *s, bool is_all, struct liteio_error *err)
{
	int r = count_again(s, err);

	if (r)
		return r;
	s->is_all = is_all;
	/* nothing is waited for, so nothing needs to be bounded */
	if (!any_wanted(s)) {
		liteio_step("agent-snapshot:frozen");
		return 0;
	}
	r = holding_start(s, err);
	if (!r)
		r = holding_wait(s->holding, err);
	if (r)
		thaw(s);
	else
		liteio_step("agent-snapshot:frozen");
	return r;
}

static int freeze(void *arg, struct liteio_error *err)
{
	struct liteio_stillness *s = arg;

	s->until_ms = liteio_now_ms() + FREEZE_MS;
	return hold(s, s->is_group, err);
}

/*
 * The device below is about to be suspended, as somebody uses it: a filesystem may have been
 * mounted on a head that nobody had open a moment ago, and would be taken in the middle of what it
 * writes. All are held then, so that nobody else can come; one that is mounted later waits. What is
 * held already is let go of first: nothing has been taken yet. Both take no longer than one
 */
static int freeze_rest(void *arg, struct liteio_error *err)
{
	struct liteio_stillness *s = arg;
	bool any = false;

	for (size_t i = 0; i < s->n; i++)
		any = any || (!is_wanted(s, i) && s->heads[i].open_count > GONE);
	if (!any)
		return 0;
	thaw(s);
	holding_join(s);
	return hold(s, true, err);
}

/* ---- what needs no freeze ------------------------------------------------------------------- */

/* what has the volume open are heads, and nobody has these open */
static bool is_idle(void *arg, unsigned int n_open)
{
	struct liteio_stillness *s = arg;

	if (n_open > s->n)
		return false;
	s->traffic = liteio_realloc(s->traffic, s->n, sizeof(*s->traffic));
	for (size_t i = 0; i < s->n; i++)
		if (liteio_head_traffic(s->heads[i].name, s->traffic[i], NULL) < 0)
			return false;
	return true;
}

static bool was_idle(void *arg)
{
	struct liteio_stillness *s = arg;
	char now[LITEIO_HEAD_TRAFFIC];

	for (size_t i = 0; i < s->n; i++)
		if (liteio_head_traffic(s->heads[i].name, now, NULL) < 0 ||
		    strcmp(now, s->traffic[i]) != 0)
			return false;
	return true;
}

void liteio_stillness_fini(struct liteio_stillness *s)
{
	holding_join(s);
	free(s->traffic);
	free(s->heads);
	*s = (struct liteio_stillness){ 0 };
}

struct liteio_quiesce liteio_stillness_quiesce(struct liteio_stillness *s)
{
	return (struct liteio_quiesce){ freeze, freeze_rest, thaw, is_idle, was_idle, s };
}
