// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks by name: a list of the names that are held or waited for.
 */
#include "agent/locks.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/**
 * struct liteio_named_lock - one name in use
 * @table: whose
 * @name: what
 * @users: holder and waiters
 * @held: by somebody
 * @next: in the table
 */
struct liteio_named_lock {
	struct liteio_locks *table;
	char *name;
	unsigned int users;
	bool held;
	struct liteio_named_lock *next;
};

/**
 * struct liteio_locks - the table
 * @lock: covers everything here and in the names
 * @given: a name was given back
 * @first: names in use
 */
struct liteio_locks {
	pthread_mutex_t lock;
	pthread_cond_t given;
	struct liteio_named_lock *first;
};

struct liteio_locks *liteio_locks_new(void)
{
	struct liteio_locks *l = liteio_calloc(1, sizeof(*l));

	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->given, NULL);
	return l;
}

void liteio_locks_free(struct liteio_locks *l)
{
	if (!l)
		return;
	pthread_cond_destroy(&l->given);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static struct liteio_named_lock *find_or_add(struct liteio_locks *l, const char *name)
{
	struct liteio_named_lock *n;

	for (n = l->first; n; n = n->next)
		if (strcmp(n->name, name) == 0)
			return n;
	n = liteio_calloc(1, sizeof(*n));
	n->table = l;
	n->name = liteio_strdup(name);
	n->next = l->first;
	l->first = n;
	return n;
}

struct liteio_named_lock *liteio_locks_take(struct liteio_locks *l, const char *name)
{
	struct liteio_named_lock *n;

	liteio_guard(&l->lock);
	n = find_or_add(l, name);
	n->users++;
	while (n->held)
		pthread_cond_wait(&l->given, &l->lock);
	n->held = true;
	return n;
}

struct liteio_named_lock *liteio_locks_try(struct liteio_locks *l, const char *name)
{
	struct liteio_named_lock *n;

	liteio_guard(&l->lock);
	n = find_or_add(l, name);
	if (n->held || n->users)
		return NULL;
	n->users++;
	n->held = true;
	return n;
}

void liteio_locks_give(struct liteio_named_lock *lock)
{
	struct liteio_named_lock **at;
	struct liteio_locks *l;

	if (!lock)
		return;
	l = lock->table;
	liteio_guard(&l->lock);
	lock->held = false;
	pthread_cond_broadcast(&l->given);
	if (--lock->users > 0)
		return;
	for (at = &l->first; *at != lock; at = &(*at)->next)
		;
	*at = lock->next;
	free(lock->name);
	free(lock);
}
