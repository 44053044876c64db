// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * At most one call at a time works on a volume or snapshot.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "busy.h"

/**
 * struct liteio_busy_mark - one volume or snapshot that is being worked on
 * @next: in the set's list
 * @link: what points at this mark there
 * @busy: the set
 * @key: kind and name
 */
struct liteio_busy_mark {
	struct liteio_busy_mark *next, **link;
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
	struct liteio_busy_mark *marks;
};

struct liteio_busy *liteio_busy_new(void)
{
	struct liteio_busy *busy = liteio_calloc(1, sizeof(*busy));

	pthread_mutex_init(&busy->lock, NULL);
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
	for (mark = busy->marks; mark; mark = mark->next) {
		if (!strcmp(mark->key, key))
			return liteio_error_set(err, -EAGAIN,
						"another call is working on %s already", key);
	}
	mark = liteio_calloc(1, sizeof(*mark));
	mark->busy = busy;
	mark->key = take_ptr(key);
	mark->next = busy->marks;
	mark->link = &busy->marks;
	if (mark->next)
		mark->next->link = &mark->next;
	busy->marks = mark;
	*ret = mark;
	return 0;
}

void liteio_busy_leave(struct liteio_busy_mark *mark)
{
	struct liteio_busy *busy = mark->busy;

	liteio_guard(&busy->lock);
	*mark->link = mark->next;
	if (mark->next)
		mark->next->link = mark->link;
	free(mark->key);
	free(mark);
}
