// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All disks with a label of ours.
 *
 * Each disk is read by a thread of its own, so that one that is slow, or hangs, costs the time of
 * one. Who waits gives up on it after a while; its thread ends whenever the disk lets it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "host/block.h"
#include "pool/disk.h"
#include "pool/object.h"

#define ANSWER_S 10

struct look {
	struct scan *scan;
	char path[256];
	struct liteio_pool_found found;
	bool is_found;
};

/**
 * struct scan - what threads and who waits for them share
 * @lock: covers all of it, but for the paths
 * @answered: @n_left is less
 * @refs: who still uses it; the last one frees it
 * @n_left: disks that have not answered
 * @n: of @looks
 * @looks: a disk each
 */
struct scan {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	unsigned int refs;
	size_t n_left;
	size_t n;
	struct look *looks;
};

static void put(struct scan *s)
{
	bool is_last;

	{
		liteio_guard(&s->lock);
		is_last = !--s->refs;
	}
	if (!is_last)
		return;
	pthread_cond_destroy(&s->answered);
	pthread_mutex_destroy(&s->lock);
	free(s->looks);
	free(s);
}

static void *look_at(void *arg)
{
	struct look *l = arg;
	struct scan *s = l->scan;
	struct liteio_pool_found found;
	int r = liteio_pool_probe_device(l->path, false, &found, NULL);

	{
		liteio_guard(&s->lock);
		l->is_found = !r;
		if (!r)
			l->found = found;
		s->n_left--;
		pthread_cond_signal(&s->answered);
	}
	put(s);
	return NULL;
}

static struct scan *scan_new(const struct liteio_block_info *list, size_t n)
{
	struct scan *s = liteio_calloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->answered, NULL);
	s->looks = liteio_calloc(n + 1, sizeof(*s->looks));
	for (size_t i = 0; i < n; i++) {
		struct look *l = &s->looks[s->n];

		if (!liteio_disk_is_local(&list[i]))
			continue;
		l->scan = s;
		memcpy(l->path, list[i].path, sizeof(l->path));
		s->n++;
	}
	s->refs = (unsigned int)s->n + 1;
	s->n_left = s->n;
	return s;
}

static void start(struct scan *s)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (size_t i = 0; i < s->n; i++) {
		if (pthread_create(&thread, &attr, look_at, &s->looks[i]))
			look_at(&s->looks[i]);
	}
	pthread_attr_destroy(&attr);
}

static size_t wait_for(struct scan *s, struct liteio_pool_found *ret)
{
	struct timespec until;
	size_t n = 0;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ANSWER_S;
	liteio_guard(&s->lock);
	while (s->n_left && !r)
		r = pthread_cond_clockwait(&s->answered, &s->lock, CLOCK_MONOTONIC, &until);
	for (size_t i = 0; i < s->n; i++) {
		if (s->looks[i].is_found)
			ret[n++] = s->looks[i].found;
	}
	return n;
}

int liteio_pool_scan(struct liteio_pool_found **ret, size_t *ret_n, struct liteio_error *err)
{
	struct liteio_block_info *list _cleanup_free_ = NULL;
	struct scan *s;
	size_t n;
	int r;

	r = liteio_block_list(&list, &n, err);
	if (r)
		return r;
	s = scan_new(list, n);
	start(s);
	*ret = liteio_calloc(s->n + 1, sizeof(**ret));
	*ret_n = wait_for(s, *ret);
	put(s);
	return 0;
}
