/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An object is deleted, and waited for until its node has removed it: what DeleteVolume and
 * DeleteSnapshot have in common.
 */
#ifndef LITEIO_CSI_REMOVE_H
#define LITEIO_CSI_REMOVE_H

#include "cluster.h"

/**
 * struct liteio_csi_removal - what to remove
 * @kind: "volume" or "snapshot"
 * @resource: its type
 * @store: informer of its type
 * @check_unused: may this object go? 0 or a negative errno with a sentence. Called again whenever
 *	the object has changed before it could be deleted
 */
struct liteio_csi_removal {
	const char *kind;
	const struct liteio_resource *resource;
	struct liteio_informer *store;
	int (*check_unused)(const struct liteio_cluster_call *c, const struct liteio_json *obj,
			    struct liteio_error *err);
};

/**
 * liteio_csi_remove() - delete an object as it was found unused, and wait until it is gone
 * @c: in whose name
 * @what: what to remove
 * @id: its name
 * @err: why not
 *
 * Context: worker; blocks at most until the deadline of the call.
 * Return: 0 also when there is none; -EINVAL for an empty id, -EAGAIN while another call works on
 * it, what @what->check_unused says, -ETIMEDOUT.
 */
int liteio_csi_remove(const struct liteio_cluster_call *c, const struct liteio_csi_removal *what,
		      const char *id, struct liteio_error *err);

#endif
