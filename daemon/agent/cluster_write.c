// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the cluster half writes: reports by apply, finalizers by compare-and-swap.
 */
#include <errno.h>
#include <time.h>

#include "agent/cluster_work.h"
#include "base/error.h"
#include "base/log.h"
#include "kube/client.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/meta.h"

int liteio_cluster_report(struct liteio_cluster *c, const struct liteio_resource *res,
			  struct liteio_informer *inf, const struct liteio_meta *meta,
			  struct liteio_json *status, struct liteio_error *err)
{
	struct liteio_json *body = liteio_object_new(res, NULL, meta->name);
	struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_APPLY,
		.resource = res,
		.name = meta->name,
		.subresource = "status",
		.body = body,
		.resource_version = meta->resource_version,
		.field_manager = LITEIO_MANAGER_AGENT,
		.force = true,
	};
	struct liteio_json *answer = NULL;
	int r;

	liteio_json_set(body, "status", status);
	r = liteio_kube_call_sync(c->kube, &req, &answer, err);
	liteio_json_unref(body);
	if (r)
		return r;
	liteio_informer_offer(inf, answer);
	liteio_json_unref(answer);
	return 0;
}

int liteio_cluster_finalizer(struct liteio_cluster *c, const struct liteio_resource *res,
			     struct liteio_informer *inf, const struct liteio_json *obj,
			     const struct liteio_meta *meta, const char *finalizer, bool present,
			     struct liteio_error *err)
{
	struct liteio_json *patch = liteio_meta_patch(meta);
	struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_PATCH,
		.resource = res,
		.name = meta->name,
		.body = patch,
		.field_manager = LITEIO_MANAGER_AGENT,
	};
	struct liteio_json *answer = NULL;
	int r;

	liteio_meta_patch_finalizer(patch, obj, finalizer, present);
	r = liteio_kube_call_sync(c->kube, &req, &answer, err);
	liteio_json_unref(patch);
	/* the last finalizer of a deleted object: the answer is the object's end, not its state */
	if (!r && present)
		liteio_informer_offer(inf, answer);
	liteio_json_unref(answer);
	return r == -ENOENT ? 0 : r;
}

void liteio_cluster_condition(struct liteio_json *list, const struct liteio_verdict *v,
			      const struct liteio_condition *old, size_t n_old,
			      uint64_t generation)
{
	char now[LITEIO_TIME_STRLEN + 1];

	liteio_time_format(time(NULL), now);
	liteio_json_append(list, liteio_verdict_condition(v, old, n_old, generation, now));
}

int liteio_cluster_result(int r, const char *about, const struct liteio_error *err,
			  uint64_t *ret_again_ms)
{
	if (!r)
		return 0;
	if (r == -EINPROGRESS) {
		*ret_again_ms = LITEIO_CLUSTER_GOING_MS;
		return 0;
	}
	if (r == -EAGAIN) {
		log_debug(about, "%s", liteio_error_str(err, r));
		*ret_again_ms = LITEIO_CLUSTER_CONFLICT_MS;
		return 0;
	}
	log_warning(about, "%s", liteio_error_str(err, r));
	return r;
}
