/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pass over one object: read it from its store, look at it, say what came of it.
 */
#ifndef LITEIO_CONTROLLER_PASS_H
#define LITEIO_CONTROLLER_PASS_H

#include <stdint.h>

struct liteio_controller;
struct liteio_error;
struct liteio_informer;
struct liteio_json;

/**
 * struct liteio_pass - a kind of object
 * @kind: for the log, "volume"
 * @store: of the objects
 * @look: parse the object, take one step, write it; @obj is replaced by what was written. 0 or a
 *	negative errno; sets when to look again, in ms, unless an event will come
 */
struct liteio_pass {
	const char *kind;
	struct liteio_informer *store;
	int (*look)(struct liteio_controller *c, struct liteio_json **obj, uint64_t *ret_again_ms,
		    struct liteio_error *err);
};

/**
 * liteio_pass_run() - look at one object
 * @c: the controller
 * @p: its kind
 * @name: its name
 * @ret_again_ms: when to look again; soon, when somebody else wrote meanwhile
 *
 * Context: worker.
 * Return: 0, also when the object is gone, or a negative errno (logged; again later).
 */
int liteio_pass_run(struct liteio_controller *c, const struct liteio_pass *p, const char *name,
		    uint64_t *ret_again_ms);

#endif
