// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the controller writes: compare-and-swap of spec and metadata, apply of its own conditions.
 */
#include <time.h>

#include "base/error.h"
#include "controller/controller.h"
#include "kube/client.h"
#include "kube/informer.h"
#include "kube/object.h"
#include "model/condition.h"
#include "model/meta.h"

static void take_answer(struct liteio_informer *inf, struct liteio_json **obj,
			struct liteio_json *answer)
{
	liteio_informer_offer(inf, answer);
	liteio_json_unref(*obj);
	*obj = answer;
}

int liteio_controller_patch(struct liteio_controller *c, const struct liteio_resource *res,
			    const char *name, struct liteio_json *patch,
			    struct liteio_informer *inf, struct liteio_json **obj,
			    struct liteio_error *err)
{
	struct liteio_kube_request req = {
		.verb = LITEIO_KUBE_PATCH,
		.resource = res,
		.name = name,
		.body = patch,
		.field_manager = LITEIO_MANAGER_CONTROLLER,
	};
	struct liteio_json *answer = NULL;
	int r;

	r = liteio_kube_call_sync(c->kube, &req, &answer, err);
	liteio_json_unref(patch);
	if (!r)
		take_answer(inf, obj, answer);
	return r;
}

/* {apiVersion, kind, metadata: {name}, status: {conditions}} */
static struct liteio_json *report_body(const struct liteio_resource *res,
				       const struct liteio_json *obj,
				       const struct liteio_verdict *v, size_t n,
				       const struct liteio_condition *old, size_t n_old)
{
	struct liteio_json *body = liteio_object_new(res, NULL, liteio_object_name(obj));
	struct liteio_json *status = liteio_json_new_object();
	struct liteio_json *list = liteio_json_new_array();
	uint64_t generation = (uint64_t)liteio_object_generation(obj);
	char now[LITEIO_TIME_STRLEN + 1];
	size_t i;

	liteio_time_format(time(NULL), now);
	for (i = 0; i < n; i++)
		liteio_json_append(list, liteio_verdict_condition(&v[i], old, n_old, generation,
								  now));
	liteio_json_set(status, "conditions", list);
	liteio_json_set(body, "status", status);
	return body;
}

int liteio_controller_report(struct liteio_controller *c, const struct liteio_resource *res,
			     struct liteio_informer *inf, struct liteio_json **obj,
			     const struct liteio_verdict *v, size_t n, struct liteio_error *err)
{
	struct liteio_condition_list old = { 0 };
	struct liteio_json *answer = NULL;
	bool differs = false;
	size_t i;
	int r;

	r = liteio_condition_list_parse(*obj, &old, err);
	if (r)
		return r;
	for (i = 0; i < n; i++)
		differs |= liteio_verdict_differs(&v[i], old.conditions, old.n_conditions);
	if (differs) {
		struct liteio_kube_request req = {
			.verb = LITEIO_KUBE_APPLY,
			.resource = res,
			.name = liteio_object_name(*obj),
			.subresource = "status",
			.body = report_body(res, *obj, v, n, old.conditions, old.n_conditions),
			.resource_version = liteio_object_version(*obj),
			.field_manager = LITEIO_MANAGER_CONTROLLER,
			.force = true,
		};

		r = liteio_kube_call_sync(c->kube, &req, &answer, err);
		liteio_json_unref((struct liteio_json *)req.body);
		if (!r) {
			take_answer(inf, obj, answer);
			r = 1;
		}
	}
	liteio_condition_list_fini(&old);
	return r;
}
