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
#include "base/loop.h"
#include "base/str.h"

/**
 * struct liteio_named_lock - one name in use
 * @table: whose
 * @name: what
 * @users: holders and waiters
 * @held: by somebody alone
 * @n_shared: by so many together
 * @noted: who holds it alone has to look once more
 * @wanted: somebody is to be told when it is not held any more
 * @next: in the table
 */
struct liteio_named_lock {
	struct liteio_locks *table;
	char *name;
	unsigned int users;
	bool held;
	unsigned int n_shared;
	bool noted;
	bool wanted;
	struct liteio_named_lock *next;
};

/**
 * struct liteio_locks - the table
 * @lock: covers everything here and in the names
 * @given: a name was given back
 * @tell: see liteio_locks_tell()
 * @tell_arg: for it
 * @first: names in use
 */
struct liteio_locks {
	pthread_mutex_t lock;
	pthread_cond_t given;
	void (*tell)(void *arg);
	void *tell_arg;
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

/* the lock is held */
static struct liteio_named_lock *find(struct liteio_locks *l, const char *name)
{
	for (struct liteio_named_lock *n = l->first; n; n = n->next)
		if (strcmp(n->name, name) == 0)
			return n;
	return NULL;
}

static struct liteio_named_lock *find_or_add(struct liteio_locks *l, const char *name)
{
	struct liteio_named_lock *n = find(l, name);

	if (n)
		return n;
	n = liteio_calloc(1, sizeof(*n));
	n->table = l;
	n->name = liteio_strdup(name);
	n->next = l->first;
	l->first = n;
	return n;
}

/* nobody uses it any more. The lock is held */
static void put(struct liteio_named_lock *n)
{
	struct liteio_named_lock **at = &n->table->first;

	if (--n->users > 0)
		return;
	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	free(n->name);
	free(n);
}

static bool is_taken(const struct liteio_named_lock *n, bool is_shared)
{
	return n->held || (!is_shared && n->n_shared);
}

static void hold(struct liteio_named_lock *n, bool is_shared)
{
	if (is_shared)
		n->n_shared++;
	else
		n->held = true;
}

/* @until_ms: by liteio_now_ms(), NULL for ever */
static struct liteio_named_lock *take(struct liteio_locks *l, const char *name, bool is_shared,
				      const uint64_t *until_ms)
{
	struct liteio_named_lock *n;

	liteio_guard(&l->lock);
	n = find_or_add(l, name);
	n->users++;
	while (is_taken(n, is_shared)) {
		if (!until_ms) {
			pthread_cond_wait(&l->given, &l->lock);
		} else if (!liteio_wait_until(&l->given, &l->lock, *until_ms) &&
			   is_taken(n, is_shared)) {
			put(n);
			return NULL;
		}
	}
	hold(n, is_shared);
	return n;
}

struct liteio_named_lock *liteio_locks_take(struct liteio_locks *l, const char *name)
{
	return take(l, name, false, NULL);
}

struct liteio_named_lock *liteio_locks_take_for(struct liteio_locks *l, const char *name,
						uint64_t ms)
{
	uint64_t until_ms = liteio_now_ms() + ms;

	return take(l, name, false, &until_ms);
}

struct liteio_named_lock *liteio_locks_share_for(struct liteio_locks *l, const char *name,
						 uint64_t ms)
{
	uint64_t until_ms = liteio_now_ms() + ms;

	return take(l, name, true, &until_ms);
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

void liteio_locks_note(struct liteio_locks *l, const char *name)
{
	struct liteio_named_lock *n;

	liteio_guard(&l->lock);
	n = find(l, name);
	if (n && n->held)
		n->noted = true;
}

bool liteio_locks_is_noted(const struct liteio_named_lock *lock)
{
	if (!lock)
		return false;
	liteio_guard(&lock->table->lock);
	return lock->noted;
}

bool liteio_locks_is_used(struct liteio_locks *l, const char *name)
{
	liteio_guard(&l->lock);
	return find(l, name);
}

static struct liteio_named_lock *take_or_want(struct liteio_locks *l, const char *name,
					      bool is_shared)
{
	struct liteio_named_lock *n;

	liteio_guard(&l->lock);
	n = find_or_add(l, name);
	/* who holds it has it in the table */
	if (is_taken(n, is_shared)) {
		n->wanted = true;
		return NULL;
	}
	n->users++;
	hold(n, is_shared);
	return n;
}

struct liteio_named_lock *liteio_locks_take_or_want(struct liteio_locks *l, const char *name)
{
	return take_or_want(l, name, false);
}

struct liteio_named_lock *liteio_locks_share_or_want(struct liteio_locks *l, const char *name)
{
	return take_or_want(l, name, true);
}

void liteio_locks_tell(struct liteio_locks *l, void (*fn)(void *arg), void *arg)
{
	liteio_guard(&l->lock);
	l->tell = fn;
	l->tell_arg = arg;
}

void liteio_locks_give(struct liteio_named_lock *lock)
{
	struct liteio_locks *l;

	if (!lock)
		return;
	l = lock->table;
	liteio_guard(&l->lock);
	if (lock->held)
		lock->held = false;
	else
		lock->n_shared--;
	lock->noted = false;
	if (lock->wanted && !lock->n_shared) {
		lock->wanted = false;
		if (l->tell)
			l->tell(l->tell_arg);
	}
	pthread_cond_broadcast(&l->given);
	put(lock);
}
