// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers of devices.
 */
#include "host/dm_number.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* a power of two, and most of it is free */
#define ROOM_MIN 64u

/* a name is kept as its sum: that it is another one's the answer says. @dev is 0 when forgotten */
struct number {
	uint64_t sum;
	dev_t dev;
};

static struct {
	pthread_mutex_t lock;
	struct number *items;
	size_t room;
	/* slots that are not free, forgotten ones among them */
	size_t n;
	uint64_t times;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t mix(uint64_t sum, uint64_t part)
{
	sum = (sum ^ part) * 0x9e3779b97f4a7c15ull;
	return sum ^ sum >> 32;
}

/* never 0, which is a free slot */
static uint64_t sum_of(const char *name)
{
	uint64_t sum = 0, part;
	size_t len = strlen(name);

	for (; len >= sizeof(part); name += sizeof(part), len -= sizeof(part)) {
		memcpy(&part, name, sizeof(part));
		sum = mix(sum, part);
	}
	part = 0;
	memcpy(&part, name, len);
	sum = mix(sum, part);
	return sum ? sum : 1;
}

/* where it is, or would be; there is a free one */
static struct number *slot_of(struct number *items, size_t room, uint64_t sum)
{
	size_t i = sum & (room - 1);

	while (items[i].sum && items[i].sum != sum)
		i = (i + 1) & (room - 1);
	return &items[i];
}

static struct number *find(uint64_t sum)
{
	struct number *there = all.room ? slot_of(all.items, all.room, sum) : NULL;

	return there && there->sum ? there : NULL;
}

/* room for one more; what was forgotten is left behind */
static void make_room(void)
{
	struct number *items;
	size_t room = ROOM_MIN, n = 0;

	if (4 * (all.n + 1) <= 3 * all.room)
		return;
	for (size_t i = 0; i < all.room; i++)
		n += all.items[i].dev != 0;
	while (room < 2 * (n + 1))
		room *= 2;
	items = liteio_calloc(room, sizeof(*items));
	for (size_t i = 0; i < all.room; i++)
		if (all.items[i].dev)
			*slot_of(items, room, all.items[i].sum) = all.items[i];
	free(all.items);
	all.items = items;
	all.room = room;
	all.n = n;
}

dev_t liteio_dm_number(const char *name, uint64_t *ret_times)
{
	const uint64_t sum = sum_of(name);
	const struct number *there;

	liteio_guard(&all.lock);
	*ret_times = all.times;
	there = find(sum);
	return there ? there->dev : 0;
}

void liteio_dm_number_learn(const char *name, dev_t dev, uint64_t times)
{
	const uint64_t sum = sum_of(name);
	struct number *slot;

	liteio_guard(&all.lock);
	if (all.times != times)
		return;
	make_room();
	slot = slot_of(all.items, all.room, sum);
	all.n += !slot->sum;
	*slot = (struct number){ sum, dev };
}

void liteio_dm_number_forget(const char *name)
{
	const uint64_t sum = sum_of(name);
	struct number *there;

	liteio_guard(&all.lock);
	all.times++;
	there = find(sum);
	if (there)
		there->dev = 0;
}
