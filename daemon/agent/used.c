// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel has said of volumes; see used.h for why it may be said again.
 */
#include "agent/used.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* a power of two, and a quarter of it is free */
#define ROOM_MIN 64u

/* the heads of a volume, all of them added up; each only grows */
struct heads {
	uint64_t started;
	uint64_t inflight;
	unsigned int n;
};

/**
 * struct item - a volume
 * @volume: which
 * @reading: in which it was told of last, or looked for; 0: the slot is free
 * @now: its heads in that reading
 * @is_kept: what follows is known
 * @at: the reading before which it was not yet asked
 * @heads: in that reading
 * @bytes: what it said
 */
struct item {
	struct liteio_uuid volume;
	uint64_t reading;
	struct heads now;
	bool is_kept;
	struct liteio_used_moment at;
	struct heads heads;
	uint64_t bytes;
};

/**
 * struct liteio_used - all of them
 * @lock: covers @is_taken
 * @is_taken: one thread's, which may change all the rest
 * @items: by uuid
 * @room: for so many
 * @n: slots that are not free
 * @reading: number of the last one
 * @now: it
 */
struct liteio_used {
	pthread_mutex_t lock;
	bool is_taken;
	struct item *items;
	size_t room;
	size_t n;
	uint64_t reading;
	struct liteio_used_moment now;
};

struct liteio_used *liteio_used_new(void)
{
	struct liteio_used *u = liteio_calloc(1, sizeof(*u));

	pthread_mutex_init(&u->lock, NULL);
	return u;
}

void liteio_used_free(struct liteio_used *u)
{
	if (!u)
		return;
	pthread_mutex_destroy(&u->lock);
	free(u->items);
	free(u);
}

bool liteio_used_begin(struct liteio_used *u)
{
	bool is_free;

	liteio_guard(&u->lock);
	is_free = !u->is_taken;
	u->is_taken = true;
	return is_free;
}

void liteio_used_end(struct liteio_used *u)
{
	liteio_guard(&u->lock);
	u->is_taken = false;
}

void liteio_used_reading(struct liteio_used *u, const struct liteio_used_moment *now)
{
	u->now = *now;
	u->reading++;
}

/* where it is, or would be; there is a free one. The end of a uuid differs most */
static struct item *slot_of(struct item *items, size_t room, const struct liteio_uuid *volume)
{
	uint64_t end;
	size_t i;

	memcpy(&end, volume->b + sizeof(volume->b) - sizeof(end), sizeof(end));
	end *= 0x9e3779b97f4a7c15ull;
	for (i = end >> 32 & (room - 1); items[i].reading; i = (i + 1) & (room - 1))
		if (liteio_uuid_equal(&items[i].volume, volume))
			break;
	return &items[i];
}

/* of one that the reading before this one did not see either nothing is kept */
static bool is_gone(const struct liteio_used *u, const struct item *i)
{
	return i->reading + 1 < u->reading;
}

static void make_room(struct liteio_used *u)
{
	struct item *items;
	size_t room = ROOM_MIN, n = 0;

	if (4 * (u->n + 1) <= 3 * u->room)
		return;
	for (size_t i = 0; i < u->room; i++)
		n += u->items[i].reading && !is_gone(u, &u->items[i]);
	while (room < 2 * (n + 1))
		room *= 2;
	items = liteio_calloc(room, sizeof(*items));
	for (size_t i = 0; i < u->room; i++)
		if (u->items[i].reading && !is_gone(u, &u->items[i]))
			*slot_of(items, room, &u->items[i].volume) = u->items[i];
	free(u->items);
	u->items = items;
	u->room = room;
	u->n = n;
}

/* in this reading: what the one before has told of its heads is not of now */
static struct item *item_of(struct liteio_used *u, const struct liteio_uuid *volume)
{
	struct item *i;

	make_room(u);
	i = slot_of(u->items, u->room, volume);
	if (!i->reading) {
		i->volume = *volume;
		u->n++;
	}
	if (i->reading != u->reading)
		i->now = (struct heads){ 0 };
	i->reading = u->reading;
	return i;
}

void liteio_used_head(struct liteio_used *u, const struct liteio_uuid *volume, uint64_t started,
		      uint64_t inflight)
{
	struct heads *now = &item_of(u, volume)->now;

	now->started += started;
	now->inflight += inflight;
	now->n++;
}

static bool is_same(const struct liteio_used_moment *a, const struct liteio_used_moment *b)
{
	return a->changes == b->changes && a->module == b->module &&
	       b->ms - a->ms < LITEIO_USED_MS;
}

bool liteio_used_find(struct liteio_used *u, const struct liteio_uuid *volume, uint64_t *ret_bytes)
{
	const struct item *i = item_of(u, volume);

	if (!i->is_kept || !is_same(&i->at, &u->now) || i->heads.n != i->now.n ||
	    i->heads.started != i->now.started)
		return false;
	*ret_bytes = i->bytes;
	return true;
}

void liteio_used_keep(struct liteio_used *u, const struct liteio_uuid *volume, int open_count,
		      uint64_t bytes)
{
	struct item *i = item_of(u, volume);

	i->is_kept = !u->now.is_changing && !i->now.inflight && open_count >= 0 &&
		     i->now.n == (unsigned int)open_count;
	i->at = u->now;
	i->heads = i->now;
	i->bytes = bytes;
}
