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
#include <time.h>
#include <unistd.h>

#include "agent/pools.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/head.h"
#include "host/mount.h"
#include "pool/step.h"

/* who writes meanwhile waits: not longer than a database forgives */
#define FREEZE_MS 10000

/* a head that nobody has open has nothing to hold still */
static bool is_wanted(const struct liteio_stillness *s, size_t i)
{
	const struct liteio_head_state *h = &s->heads[i];

	return h->dm.open_count > 0;
}

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
		r = liteio_head_get(uuid, atts[i].generation, false, &s->heads[s->n], err);
		s->n += !r;
		if (r == -ENODEV)
			r = 0;
	}
	return r;
}

int liteio_stillness_find(struct liteio_stillness *s, struct liteio_open_pool *p,
			  const struct liteio_uuid *uuids, size_t n, struct liteio_error *err)
{
	int r = 0;

	*s = (struct liteio_stillness){ 0 };
	for (size_t i = 0; i < n && !r; i++)
		r = add_heads(s, p, &uuids[i], err);
	if (r)
		return r;
	for (size_t i = 0; i < s->n; i++)
		if (is_wanted(s, i))
			write_back(s->heads[i].path);
	return 0;
}

void liteio_stillness_fini(struct liteio_stillness *s)
{
	free(s->heads);
	*s = (struct liteio_stillness){ 0 };
}

/* resume the first so many; one that runs already is left as it is */
static void resume(struct liteio_stillness *s, size_t n)
{
	struct liteio_error err = LITEIO_ERROR_INIT;

	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(s, i))
			continue;
		if (liteio_dm_resume(s->heads[i].dm.name, 0, &err) < 0)
			log_err(NULL, "%s stays suspended: %s", s->heads[i].dm.name, err.msg);
	}
}

static void thaw(void *arg)
{
	struct liteio_stillness *s = arg;

	resume(s, s->n_held);
	s->n_held = 0;
}

/* ---- the bound of a freeze ---- */

/**
 * struct guard - lets go of what is held when it takes too long
 * @s: the heads; @s->n_held under @lock as long as the guard is there
 * @lock: covers what follows
 * @ended: signalled with @is_over
 * @until: when it is too late
 * @is_over: all are held, or it failed
 * @is_late: too late: what was held is not any more
 *
 * One filesystem may lie on several of the volumes, with its log on another one, or in a file of
 * another one. To freeze it then waits for what is held already, in the kernel, and only letting
 * that go brings it back.
 */
struct guard {
	struct liteio_stillness *s;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct timespec until;
	bool is_over;
	bool is_late;
};

static void *watch_over(void *arg)
{
	struct guard *g = arg;
	int r = 0;

	liteio_guard(&g->lock);
	while (!g->is_over && r != ETIMEDOUT)
		r = pthread_cond_clockwait(&g->ended, &g->lock, CLOCK_MONOTONIC, &g->until);
	g->is_late = !g->is_over;
	if (g->is_late)
		resume(g->s, g->s->n_held);
	return NULL;
}

/* one more is held; false when it is too late for that */
static bool hold_one(struct guard *g, size_t i)
{
	liteio_guard(&g->lock);
	g->s->n_held = i + 1;
	return !g->is_late;
}

static void end_guard(struct guard *g, pthread_t thread)
{
	{
		liteio_guard(&g->lock);
		g->is_over = true;
		pthread_cond_signal(&g->ended);
	}
	pthread_join(thread, NULL);
}

static int hold_all(struct guard *g, struct liteio_error *err)
{
	struct liteio_stillness *s = g->s;

	for (size_t i = 0; i < s->n; i++) {
		if (is_wanted(s, i)) {
			int r = liteio_dm_suspend(s->heads[i].dm.name, LITEIO_DM_LOCKFS, err);

			if (r)
				return r;
			liteio_step("agent-snapshot:head-frozen");
		}
		if (!hold_one(g, i))
			return liteio_error_set(err, -ETIMEDOUT,
						"holding still took longer than %d s",
						FREEZE_MS / 1000);
	}
	return 0;
}

static int freeze(void *arg, struct liteio_error *err)
{
	struct liteio_stillness *s = arg;
	uint64_t until_ms = liteio_now_ms() + FREEZE_MS;
	struct guard g = {
		.s = s,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER,
		.until = { .tv_sec = (time_t)(until_ms / 1000),
			   .tv_nsec = (long)(until_ms % 1000) * 1000000 },
	};
	pthread_t thread;
	int r;

	r = pthread_create(&thread, NULL, watch_over, &g);
	if (r)
		return liteio_error_set(err, -r, "no thread to bound the freeze: %s", strerror(r));
	r = hold_all(&g, err);
	end_guard(&g, thread);
	if (!r && g.is_late)
		r = liteio_error_set(err, -ETIMEDOUT, "holding still took longer than %d s",
				     FREEZE_MS / 1000);
	if (r)
		thaw(s);
	else
		liteio_step("agent-snapshot:frozen");
	return r;
}

struct liteio_quiesce liteio_stillness_quiesce(struct liteio_stillness *s)
{
	return (struct liteio_quiesce){ freeze, thaw, s };
}
