/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store behind an informer: objects by key, the changes not yet told, the threads that wait.
 *
 * Everything here may be called from any thread; one lock covers it. For daemon/kube itself.
 */
#ifndef LITEIO_KUBE_STORE_H
#define LITEIO_KUBE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kube/informer.h"

struct liteio_kube_store;

/**
 * struct liteio_change - one change, to be told
 * @old: reference, NULL for an addition
 * @obj: reference, NULL for a removal
 *
 * Both NULL: the store is synced.
 */
struct liteio_change {
	struct liteio_json *old;
	struct liteio_json *obj;
};

struct liteio_kube_store *liteio_kube_store_new(void);
/* wakes up who waits, for good */
void liteio_kube_store_close(struct liteio_kube_store *s);
/* closes, waits until the waiting threads have gone, releases everything */
void liteio_kube_store_free(struct liteio_kube_store *s);

/* the whole truth as of @version: what is not in @items is gone. Synced from now on */
void liteio_kube_store_replace(struct liteio_kube_store *s, const struct liteio_json *items,
			       const char *version);
/* the truth goes on: an object was added or changed, or (@deleted) is gone as it was last */
void liteio_kube_store_update(struct liteio_kube_store *s, struct liteio_json *obj, bool deleted);
/* nothing happened up to @version */
void liteio_kube_store_advance(struct liteio_kube_store *s, const char *version);

/**
 * liteio_kube_store_offer() - an answer to an own write, which may be ahead of the truth
 * @s: the store
 * @obj: the object
 *
 * Taken only when it is newer than all that was seen so far. An older one might have been deleted
 * since, and nothing would ever tell us again.
 *
 * Return: true when the store has changed.
 */
bool liteio_kube_store_offer(struct liteio_kube_store *s, struct liteio_json *obj);

/*
 * the version up to which everything is in the store; owned by the caller, "" before the first list
 */
char *liteio_kube_store_version(struct liteio_kube_store *s);
bool liteio_kube_store_synced(struct liteio_kube_store *s);
struct liteio_json *liteio_kube_store_get(struct liteio_kube_store *s, const char *key);
struct liteio_json *liteio_kube_store_list(struct liteio_kube_store *s);
size_t liteio_kube_store_count(struct liteio_kube_store *s);

/* the oldest change not yet told; false when there is none. Its references belong to the caller */
bool liteio_kube_store_next_change(struct liteio_kube_store *s, struct liteio_change *ret);

/* see liteio_informer_wait() */
int liteio_kube_store_wait(struct liteio_kube_store *s, const char *key, liteio_informer_pred pred,
			   void *arg, uint64_t deadline_ms, struct liteio_json **ret,
			   struct liteio_error *err);

#endif
