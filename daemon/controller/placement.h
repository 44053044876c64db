/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A placement as it is written: where the object lives, with the label and the finalizer that the
 * node's agent goes by.
 */
#ifndef LITEIO_CONTROLLER_PLACEMENT_H
#define LITEIO_CONTROLLER_PLACEMENT_H

#include <stdbool.h>

#include "model/volume.h"

struct liteio_controller;
struct liteio_error;
struct liteio_informer;
struct liteio_json;
struct liteio_resource;

/**
 * struct liteio_placing - an object that is placed
 * @resource: its type
 * @store: of its type
 * @finalizer: ours
 * @meta: its metadata, as read
 */
struct liteio_placing {
	const struct liteio_resource *resource;
	struct liteio_informer *store;
	const char *finalizer;
	const struct liteio_meta *meta;
};

/* of a placed object, the label and the finalizer are ours to keep: are they missing? Pure */
bool liteio_placement_needs_repair(const struct liteio_meta *meta,
				   const struct liteio_placement *p);

/**
 * liteio_placement_write() - write placement, label and finalizer in one compare-and-swap
 * @c: the controller
 * @what: the object
 * @p: where it lives
 * @obj: the object as read; replaced by the answer
 * @err: why not; -EAGAIN: somebody else wrote, decide again
 *
 * Context: worker. Return: 0 or a negative errno.
 */
int liteio_placement_write(struct liteio_controller *c, const struct liteio_placing *what,
			   const struct liteio_placement *p, struct liteio_json **obj,
			   struct liteio_error *err);

#endif
