// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heads that are known.
 */
#include "host/head_known.h"

#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

struct known {
	struct liteio_head_id id;
	unsigned int times;
};

/* in the order of compare() */
static struct {
	pthread_mutex_t lock;
	struct known *items;
	size_t n;
	size_t room;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int compare(const struct liteio_head_id *a, const struct liteio_head_id *b)
{
	int d = memcmp(a->uuid.b, b->uuid.b, sizeof(a->uuid.b));

	if (d)
		return d;
	if (a->generation != b->generation)
		return a->generation < b->generation ? -1 : 1;
	return a->remote - b->remote;
}

/* where it is among all, or would be; @all is locked */
static size_t slot_of(const struct liteio_head_id *id)
{
	size_t first = 0, end = all.n;

	while (first < end) {
		size_t mid = first + (end - first) / 2;

		if (compare(&all.items[mid].id, id) < 0)
			first = mid + 1;
		else
			end = mid;
	}
	return first;
}

static struct known *find(const struct liteio_head_id *id)
{
	size_t i = slot_of(id);

	return i < all.n && !compare(&all.items[i].id, id) ? &all.items[i] : NULL;
}

void liteio_head_remember(const struct liteio_head_id *id)
{
	struct known *there;
	size_t i;

	liteio_guard(&all.lock);
	there = find(id);
	if (there) {
		there->times++;
		return;
	}
	if (all.n == all.room) {
		all.room = all.room ? 2 * all.room : 16;
		all.items = liteio_realloc(all.items, all.room, sizeof(*all.items));
	}
	i = slot_of(id);
	memmove(&all.items[i + 1], &all.items[i], (all.n++ - i) * sizeof(*there));
	all.items[i] = (struct known){ *id, 1 };
}

unsigned int liteio_head_times(const struct liteio_head_id *id)
{
	const struct known *there;

	liteio_guard(&all.lock);
	there = find(id);
	return there ? there->times : 0;
}

void liteio_head_forget(const struct liteio_head_id *id, unsigned int times)
{
	struct known *there;
	size_t i;

	liteio_guard(&all.lock);
	there = find(id);
	if (!there || there->times != times)
		return;
	i = (size_t)(there - all.items);
	memmove(there, there + 1, (--all.n - i) * sizeof(*there));
}

size_t liteio_head_known_n(void)
{
	liteio_guard(&all.lock);
	return all.n;
}

size_t liteio_head_known_of(const struct liteio_uuid *uuid, struct liteio_head_id **ret)
{
	const struct liteio_head_id first = { .uuid = *uuid };
	size_t i, n = 0;

	liteio_guard(&all.lock);
	i = slot_of(&first);
	while (i + n < all.n && liteio_uuid_equal(&all.items[i + n].id.uuid, uuid))
		n++;
	*ret = liteio_calloc(n + 1, sizeof(**ret));
	for (size_t k = 0; k < n; k++)
		(*ret)[k] = all.items[i + k].id;
	return n;
}
