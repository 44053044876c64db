/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a long job is: told by the thread that does it, wherever it is in the code, and read by
 * any other one.
 *
 * What is long lies deep (zeroing a range, discarding a slice) and is called in many ways, of which
 * few have somebody who watches: so a thread is given what it tells to, and tells nothing while it
 * has none.
 */
#ifndef LITEIO_BASE_HEADWAY_H
#define LITEIO_BASE_HEADWAY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define LITEIO_HEADWAY_PLACE 64

/**
 * struct liteio_headway_state - what is known
 * @done_bytes: of @total_bytes
 * @total_bytes: 0 while nobody has said how much it is
 * @place: the pool that it is about, or ""
 * @is_settled: what was asked for has happened, and what it was asked of may be another thing by
 *	now; what goes on is what comes after
 */
struct liteio_headway_state {
	uint64_t done_bytes;
	uint64_t total_bytes;
	char place[LITEIO_HEADWAY_PLACE];
	bool is_settled;
};

/**
 * struct liteio_headway - of one job
 * @lock: covers @state
 * @state: what was told last
 */
struct liteio_headway {
	pthread_mutex_t lock;
	struct liteio_headway_state state;
};

void liteio_headway_init(struct liteio_headway *h);
void liteio_headway_fini(struct liteio_headway *h);
/* any thread */
void liteio_headway_get(struct liteio_headway *h, struct liteio_headway_state *ret);
bool liteio_headway_is_settled(struct liteio_headway *h);

/* what this thread tells from now on is told to @h; NULL: to nobody */
void liteio_headway_watch(struct liteio_headway *h);
/* somebody wants to know: what costs something is found out only then */
bool liteio_headway_is_watched(void);

/* of this thread's job. Nothing when nobody watches, but that its worker is not stuck */
void liteio_headway_total(uint64_t bytes);
void liteio_headway_done(uint64_t bytes);
void liteio_headway_place(const char *pool);
void liteio_headway_settled(void);

#endif
