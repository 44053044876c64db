// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * At most one call at a time works on a volume or snapshot.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "busy.h"

struct liteio_busy_mark {
	LIST_ENTRY(liteio_busy_mark)
	link;
	struct liteio_busy *busy;
	char *key;
};

/**
 * struct liteio_busy - the set
 * @lock: covers @marks
 * @marks: what is being worked on; as many as calls run
 */
struct liteio_busy {
	pthread_mutex_t lock;
	LIST_HEAD(, liteio_busy_mark)
	marks;
};

struct liteio_busy *liteio_busy_new(void)
{
	struct liteio_busy *busy = liteio_calloc(1, sizeof(*busy));

	pthread_mutex_init(&busy->lock, NULL);
	LIST_INIT(&busy->marks);
	return busy;
}

void liteio_busy_free(struct liteio_busy *busy)
{
	if (!busy)
		return;
	pthread_mutex_destroy(&busy->lock);
	free(busy);
}

int liteio_busy_enter(struct liteio_busy *busy, const char *kind, const char *name,
		      struct liteio_busy_mark **ret, struct liteio_error *err)
{
	_cleanup_free_ char *key = liteio_strf("%s %s", kind, name);
	struct liteio_busy_mark *mark;

	liteio_guard(&busy->lock);
	LIST_FOREACH(mark, &busy->marks, link)
	if (!strcmp(mark->key, key))
		return liteio_error_set(err, -EAGAIN,
					"another call is working on %s already", key);
	mark = liteio_calloc(1, sizeof(*mark));
	mark->busy = busy;
	mark->key = take_ptr(key);
	LIST_INSERT_HEAD(&busy->marks, mark, link);
	*ret = mark;
	return 0;
}

void liteio_busy_leave(struct liteio_busy_mark *mark)
{
	struct liteio_busy *busy = mark->busy;

	liteio_guard(&busy->lock);
	LIST_REMOVE(mark, link);
	free(mark->key);
	free(mark);
}
