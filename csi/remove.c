// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An object is deleted, and waited for until its node has removed it.
 */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "busy.h"
#include "csi.h"
#include "kube/object.h"
#include "remove.h"

static int why_not_gone(void *arg, const struct liteio_json *obj, char *why,
			struct liteio_error *err)
{
	const char *node = liteio_json_get_string(obj, "spec.placement.node");

	snprintf(why, LITEIO_CLUSTER_WHY_MAX, "node %s has not removed it from its pool yet",
		 node ? node : "(none)");
	return 0;
}

static int delete_unused(const struct liteio_cluster_call *c, const struct liteio_csi_removal *what,
			 const char *id, struct liteio_error *err)
{
	struct liteio_json *obj = NULL;
	int r;

	do {
		liteio_json_unref(obj);
		obj = NULL;
		r = liteio_cluster_get(c, what->resource, id, &obj, err);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = what->check_unused(c, obj, err);
		/* exactly as it was found unused: who begins to use it makes this fail */
		if (r == 0 && !liteio_object_deleting(obj))
			r = liteio_cluster_delete(c, what->resource, obj, err);
	} while (r == -EAGAIN);
	if (r == 0)
		r = liteio_cluster_wait_gone(c, what->store, what->resource, obj, why_not_gone,
					     NULL, err);
	liteio_json_unref(obj);
	return r;
}

int liteio_csi_remove(const struct liteio_cluster_call *c, const struct liteio_csi_removal *what,
		      const char *id, struct liteio_error *err)
{
	_cleanup_busy_ struct liteio_busy_mark *mark = NULL;
	int r;

	if (!*id)
		return liteio_error_set(err, -EINVAL, "the %s id is missing", what->kind);
	r = liteio_busy_enter(c->csi->busy, what->kind, id, &mark, err);
	return r < 0 ? r : delete_unused(c, what, id, err);
}
