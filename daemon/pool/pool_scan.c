// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding pools on the disks of this machine.
 *
 * A disk that hangs does not answer, and whoever asks it hangs with it: so each is asked by a
 * thread of its own, which is left behind when it takes too long. As long as it is there its disk
 * is taken for one that carries nothing, and is not asked again.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/disk.h"
#include "pool/find.h"
#include "pool/object.h"

/* all disks of a machine that sleep have woken up by then, or are asked again later */
#define ANSWER_MS 5000

/* ---- one device ----------------------------------------------------------------------------- */

/* as it was made: nothing has ever been in it */
static bool is_untouched(struct liteio_store *s)
{
	struct liteio_catalog c;
	bool untouched;

	if (liteio_store_read_catalog(s, &c, NULL))
		return false;
	untouched = !c.thin_txid && !c.reserve_txid && c.next_thin_id == 1 && !c.n_volumes &&
		    !c.n_attachments && !(s->label.compat & LITEIO_LABEL_COMPAT_EXPORTED);
	liteio_catalog_fini(&c);
	return untouched;
}

/* @deep: the catalog as well */
static int probe_device(const char *device, bool deep, struct liteio_pool_found *ret,
			struct liteio_error *err)
{
	struct liteio_store s _cleanup_(liteio_store_closep) = LITEIO_STORE_INIT;
	struct liteio_pool_found f = { 0 };
	int r;

	r = liteio_store_open(device, false, &s, err);
	if (!r)
		r = liteio_store_read_label(&s, err);
	if (r)
		return r;
	memcpy(f.device, s.path, sizeof(f.device));
	f.label = s.label;
	f.from_backup = s.from_backup;
	f.untouched = deep && is_untouched(&s);
	*ret = f;
	return 0;
}

static int probe_deep(const char *device, void *ret, struct liteio_error *err)
{
	return probe_device(device, true, ret, err);
}

int liteio_pool_probe(const char *device, struct liteio_pool_found *ret, struct liteio_error *err)
{
	return liteio_block_on_device(device, probe_deep, ret, err);
}

bool liteio_pool_is_locked(const char *device)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	int fd _cleanup_close_ = -1;
	char loop[64];

	/* the lock is that of the device node */
	if (!liteio_block_loop_find(device, loop, sizeof(loop), NULL))
		device = loop;
	fd = open(device, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && !fcntl(fd, F_OFD_GETLK, &l) && l.l_type != F_UNLCK;
}

/* ---- all disks ------------------------------------------------------------------------------ */

/**
 * struct question - put to one disk
 * @next: of those that are not answered
 * @dev: the disk
 * @path: likewise
 * @found: the answer, when @code is 0
 * @code: of the answer
 * @is_answered: there is one
 * @refs: the thread that asks, and who waits for it
 */
struct question {
	struct question *next;
	dev_t dev;
	char path[256];
	struct liteio_pool_found found;
	int code;
	bool is_answered;
	int refs;
};

/* of all threads */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	struct question *open;
} asked = { .lock = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER };

/* the lock is held */
static void unref(struct question *q)
{
	if (!--q->refs)
		free(q);
}

/* the lock is held */
static void close_question(struct question *q)
{
	struct question **at = &asked.open;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->is_answered = true;
	pthread_cond_broadcast(&asked.answered);
	unref(q);
}

static void *ask(void *arg)
{
	struct question *q = arg;

	q->code = probe_device(q->path, false, &q->found, NULL);
	liteio_guard(&asked.lock);
	close_question(q);
	return NULL;
}

/* the lock is held */
static bool is_open_question(dev_t dev)
{
	for (const struct question *q = asked.open; q; q = q->next) {
		if (q->dev == dev)
			return true;
	}
	return false;
}

static int start(struct question *q)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, ask, q);
	pthread_attr_destroy(&attr);
	return r;
}

/* NULL: it has not answered the last one */
static struct question *put(const struct liteio_block_info *disk)
{
	struct question *q = NULL;

	{
		liteio_guard(&asked.lock);
		if (is_open_question(disk->dev))
			return NULL;
		q = liteio_calloc(1, sizeof(*q));
		q->dev = disk->dev;
		memcpy(q->path, disk->path, sizeof(q->path));
		q->refs = 2;
		q->next = asked.open;
		asked.open = q;
	}
	/* for want of a thread by this one, as long as it takes */
	if (start(q))
		ask(q);
	return q;
}

/* what they have answered in time, to @ret; how many carry a label */
static size_t collect(struct question **all, size_t n, struct liteio_pool_found *ret)
{
	uint64_t until_ms = liteio_now_ms() + ANSWER_MS;
	const struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
					.tv_nsec = (long)(until_ms % 1000) * 1000000 };
	size_t found = 0;

	liteio_guard(&asked.lock);
	for (size_t i = 0; i < n; i++) {
		while (!all[i]->is_answered &&
		       pthread_cond_clockwait(&asked.answered, &asked.lock, CLOCK_MONOTONIC,
					      &until) != ETIMEDOUT)
			;
		if (all[i]->is_answered && !all[i]->code)
			ret[found++] = all[i]->found;
		unref(all[i]);
	}
	return found;
}

int liteio_pool_scan(struct liteio_pool_found **ret, size_t *ret_n, struct liteio_error *err)
{
	struct liteio_block_info *list _cleanup_free_ = NULL;
	struct question **all _cleanup_free_ = NULL;
	size_t n_list, n = 0;
	int r;

	r = liteio_block_list(&list, &n_list, err);
	if (r)
		return r;
	all = liteio_calloc(n_list + 1, sizeof(struct question *));
	for (size_t i = 0; i < n_list; i++) {
		if (!liteio_disk_is_local(&list[i]))
			continue;
		all[n] = put(&list[i]);
		n += !!all[n];
	}
	*ret = liteio_calloc(n + 1, sizeof(**ret));
	*ret_n = collect(all, n, *ret);
	return 0;
}

/* ---- one pool ------------------------------------------------------------------------------- */

static bool is_wanted(const struct liteio_pool_wanted *wanted, const struct liteio_pool_found *f)
{
	const struct liteio_label *l = &f->label;
	bool by_us;

	if (strcmp(l->pool_name, wanted->name) != 0 || (wanted->is_exported && !l->exported) ||
	    (wanted->uuid && !liteio_uuid_equal(wanted->uuid, &l->pool_uuid)))
		return false;
	return !liteio_pool_is_held(f->device, &by_us) || by_us;
}

int liteio_pool_find(const struct liteio_pool_wanted *wanted, struct liteio_pool_found **ret,
		     size_t *ret_n, struct liteio_error *err)
{
	struct liteio_pool_found *f _cleanup_free_ = NULL, keep;
	size_t n_all, n = 0;
	int r;

	r = liteio_pool_scan(&f, &n_all, err);
	if (r)
		return r;
	for (size_t i = 0; i < n_all; i++) {
		if (!is_wanted(wanted, &f[i]))
			continue;
		if (n && !liteio_uuid_equal(&f[0].label.pool_uuid, &f[i].label.pool_uuid))
			return liteio_error_set(err, -EEXIST,
						"there are two of that name, on %s and on %s: take the one away that is not meant",
						f[0].device, f[i].device);
		keep = f[i];
		f[n] = f[0];
		f[keep.label.this_device ? n : 0] = keep;
		n++;
	}
	if (!n)
		return -ENOENT;
	*ret = take_ptr(f);
	*ret_n = n;
	return 0;
}

bool liteio_pool_any_silent(void)
{
	liteio_guard(&asked.lock);
	return asked.open;
}
