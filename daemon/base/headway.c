// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How far a long job is.
 */
#include "base/headway.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/worker.h"

/* whom this thread tells: the state of a thread, not of the process */
static _Thread_local struct liteio_headway *watched;

void liteio_headway_init(struct liteio_headway *h)
{
	pthread_mutex_init(&h->lock, NULL);
	h->state = (struct liteio_headway_state){ 0 };
}

void liteio_headway_fini(struct liteio_headway *h)
{
	pthread_mutex_destroy(&h->lock);
}

void liteio_headway_get(struct liteio_headway *h, struct liteio_headway_state *ret)
{
	liteio_guard(&h->lock);
	*ret = h->state;
}

bool liteio_headway_is_settled(struct liteio_headway *h)
{
	liteio_guard(&h->lock);
	return h->state.is_settled;
}

void liteio_headway_watch(struct liteio_headway *h)
{
	watched = h;
}

bool liteio_headway_is_watched(void)
{
	return watched;
}

void liteio_headway_total(uint64_t bytes)
{
	if (!watched)
		return;
	liteio_guard(&watched->lock);
	watched->state.total_bytes = bytes;
	watched->state.done_bytes = 0;
}

void liteio_headway_done(uint64_t bytes)
{
	liteio_worker_moved();
	if (!watched)
		return;
	liteio_guard(&watched->lock);
	/* what was to be done may have grown meanwhile: it is never more than all */
	if (watched->state.total_bytes < bytes)
		watched->state.total_bytes = bytes;
	watched->state.done_bytes = bytes;
}

void liteio_headway_place(const char *pool)
{
	if (!watched)
		return;
	liteio_guard(&watched->lock);
	snprintf(watched->state.place, sizeof(watched->state.place), "%s", pool);
}

void liteio_headway_settled(void)
{
	if (!watched)
		return;
	liteio_guard(&watched->lock);
	watched->state.is_settled = true;
}
