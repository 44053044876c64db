/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store of all objects of one type, kept up to date by list and watch.
 *
 * The store is a picture of the past, usually a few milliseconds old, after a lost connection
 * older. It is good for finding out what to look at. What must not be wrong is protected where it
 * is written: by resourceVersion (client.h), not by what a store says.
 *
 * Objects in the store are never changed, only replaced: a reference taken from it stays as it is.
 */
#ifndef LITEIO_KUBE_INFORMER_H
#define LITEIO_KUBE_INFORMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct liteio_error;
struct liteio_informer;
struct liteio_json;
struct liteio_kube;
struct liteio_resource;

/**
 * typedef liteio_informer_fn - something has changed in the store
 * @arg: of the informer
 * @old: what was there, NULL for an addition; borrowed
 * @obj: what is there now, NULL for a removal; borrowed
 *
 * Called after the store has changed, in the order of the changes, also for what a new list finds
 * different after a lost connection. Both NULL, once: the first list is complete (synced).
 * Several changes of one object may arrive as one.
 *
 * Context: loop thread; must not block; may call every function of this file but _free and _wait.
 */
typedef void (*liteio_informer_fn)(void *arg, struct liteio_json *old, struct liteio_json *obj);

/**
 * struct liteio_informer_spec - what to keep; strings are copied
 * @resource: the type
 * @ns: NULL for all namespaces
 * @label_selector: NULL for all
 * @field_selector: NULL for all, "metadata.name=x" for one
 */
struct liteio_informer_spec {
	const struct liteio_resource *resource;
	const char *ns;
	const char *label_selector;
	const char *field_selector;
};

/**
 * liteio_informer_new() - begin to list and watch
 * @k: a client with a loop
 * @spec: what
 * @fn: told about changes; may be NULL
 * @arg: for @fn
 * @ret: the informer, owned by the caller
 * @err: why not
 *
 * It never gives up: an unreachable server, missing rights or a missing resource type are tried
 * again with growing, random delays (at most 30 s); liteio_informer_problem() tells.
 *
 * Context: loop thread. Return: 0 or a negative errno.
 */
int liteio_informer_new(struct liteio_kube *k, const struct liteio_informer_spec *spec,
			liteio_informer_fn fn, void *arg, struct liteio_informer **ret,
			struct liteio_error *err);

/* Context: loop thread; waiting threads wake up with -ECANCELED, and are waited for */
void liteio_informer_free(struct liteio_informer *inf);

/* has the first list been complete? Context: any thread */
bool liteio_informer_synced(struct liteio_informer *inf);

/* 0 when connected and up to date, else the errno and sentence of the last failure. Any thread */
int liteio_informer_problem(struct liteio_informer *inf, struct liteio_error *err);

/* how often the whole list was read; every time after the first, history was lost. Any thread */
unsigned int liteio_informer_lists(struct liteio_informer *inf);

/* by key, "name" or "namespace/name"; a reference owned by the caller or NULL. Any thread */
struct liteio_json *liteio_informer_get(struct liteio_informer *inf, const char *key);

/* all objects, sorted by key: a new array of references, owned by the caller. Any thread */
struct liteio_json *liteio_informer_list(struct liteio_informer *inf);
size_t liteio_informer_count(struct liteio_informer *inf);

/**
 * liteio_informer_offer() - put the answer of an own write into the store
 * @inf: the informer
 * @obj: an object the server answered with; ignored when the store has a newer one
 *
 * Saves the caller from reading its own write as not yet done. Context: any thread; the callback
 * follows on the loop thread.
 */
void liteio_informer_offer(struct liteio_informer *inf, struct liteio_json *obj);

/**
 * typedef liteio_informer_pred - is this what is waited for?
 * @arg: of the wait
 * @obj: the object, NULL when there is none; borrowed
 * @err: for the sentence of a failure
 *
 * A store may be older than what the waiting thread itself has written: a predicate compares
 * generations, it does not look at states alone.
 *
 * Context: the waiting thread, without any lock held.
 * Return: 1 for yes, 0 for not yet, a negative errno to give up.
 */
typedef int (*liteio_informer_pred)(void *arg, const struct liteio_json *obj,
				    struct liteio_error *err);

/**
 * liteio_informer_wait() - wait until an object is as it should be
 * @inf: the informer
 * @key: "name" or "namespace/name"
 * @pred: asked now (once the store is synced) and after every change of that object
 * @arg: for @pred
 * @deadline_ms: on the clock of liteio_now_ms()
 * @ret: the object @pred said yes to, owned by the caller (NULL for an absent one); may be NULL
 * @err: the sentence of @pred, or that the time was over
 *
 * Context: worker thread, never the loop thread; blocks until the deadline, no polling.
 * Return: 0, -ETIMEDOUT, -ECANCELED, or what @pred returned.
 */
int liteio_informer_wait(struct liteio_informer *inf, const char *key, liteio_informer_pred pred,
			 void *arg, uint64_t deadline_ms, struct liteio_json **ret,
			 struct liteio_error *err);

#endif
