// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON as our programs decode it: each refusal has its sentence, what is accepted is within bounds,
 * and is released without a rest.
 */
#include "objects.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config.h"
#include "agent/route.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "model/condition.h"
#include "model/local.h"
#include "model/local_module.h"
#include "model/node.h"
#include "model/pool.h"
#include "model/snapshot.h"
#include "model/volume.h"
#include "members.h"
#include "params.h"

/* written at once it is what it is as a value */
static void same_text(const struct liteio_json *j, const void *v,
		      const struct liteio_field *fields)
{
	char *printed _cleanup_free_ = liteio_json_print(j);
	char *written _cleanup_free_ = liteio_json_write(v, fields);

	if (strcmp(printed, written) != 0)
		abort();
}

void fuzz_bind(const struct liteio_json *j, const struct liteio_field *fields, size_t size,
	       unsigned int flags)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	void *v = liteio_calloc(1, size), *again = liteio_calloc(1, size);
	struct liteio_json *first, *second;

	if (liteio_json_decode(j, fields, flags, v, &err)) {
		if (!err.msg[0])
			abort();
		goto out;
	}
	if (flags & LITEIO_JSON_STRICT && members_null(j, fields))
		abort();
	first = liteio_json_encode(v, fields);
	same_text(first, v, fields);
	liteio_json_fini(v, fields);
	/* an object that has become empty is not written: a required field in it may be missing */
	if (!liteio_json_decode(first, fields, LITEIO_JSON_STRICT, again, NULL)) {
		second = liteio_json_encode(again, fields);
		if (!liteio_json_equal(first, second))
			abort();
		liteio_json_unref(second);
		liteio_json_fini(again, fields);
	}
	liteio_json_unref(first);
out:
	free(v);
	free(again);
}

/* ---- objects of the API server -------------------------------------------------------------- */

/* the sentence of what was refused */
static void has_sentence(const struct liteio_error *err)
{
	if (!err->msg[0])
		abort();
}

static void volume(const struct liteio_json *j)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_volume v = { 0 };

	if (liteio_volume_parse(j, &v, &err)) {
		has_sentence(&err);
		return;
	}
	if (!v.meta.name || !v.spec.size_bytes || v.spec.size_bytes > LITEIO_VOLUME_SIZE_MAX ||
	    v.spec.next_generation > LITEIO_GENERATION_MAX)
		abort();
	for (size_t i = 0; i < v.spec.n_grants; i++) {
		const uint64_t generation = v.spec.grants[i].generation;

		if (!generation || !liteio_volume_grant(&v, generation))
			abort();
		liteio_volume_export(&v, generation);
		liteio_volume_fence_asked(&v, generation);
		liteio_volume_is_fenced(&v, generation);
	}
	liteio_volume_fini(&v);
}

static void pool(const struct liteio_json *j)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_storage_pool p = { 0 };

	if (liteio_storage_pool_parse(j, &p, &err)) {
		has_sentence(&err);
		return;
	}
	if (!p.meta.name || !p.spec.node || !p.spec.overcommit_percent)
		abort();
	liteio_storage_pool_fini(&p);
}

static void node(const struct liteio_json *j)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_node n = { 0 };

	if (liteio_node_parse(j, &n, &err)) {
		has_sentence(&err);
		return;
	}
	if (!n.meta.name)
		abort();
	liteio_node_fini(&n);
}

static void snapshot(const struct liteio_json *j)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_condition_list conditions = { 0 };
	struct liteio_snapshot s = { 0 };

	if (!liteio_condition_list_parse(j, &conditions, NULL))
		liteio_condition_list_fini(&conditions);
	if (liteio_snapshot_parse(j, &s, &err)) {
		has_sentence(&err);
		return;
	}
	if (!s.meta.name || !s.spec.volume)
		abort();
	liteio_snapshot_fini(&s);
}

/* ---- the local API -------------------------------------------------------------------------- */

#define ANSWER(s) { liteio_local_##s##_fields, sizeof(struct liteio_local_##s) }

/* what liteioctl and the driver read of the answers */
static const struct {
	const struct liteio_field *fields;
	size_t size;
} answers[] = {
	ANSWER(attachment), ANSWER(failure), ANSWER(stats_list), ANSWER(module_volume_list),
	ANSWER(event),
};

/* several lines take the same: once is enough */
static bool was_before(const struct liteio_route *route)
{
	for (const struct liteio_route *r = liteio_routes; r < route; r++)
		if (r->req_fields == route->req_fields)
			return true;
	return false;
}

static void local(const struct liteio_json *j)
{
	for (const struct liteio_route *r = liteio_routes; r->method; r++)
		if (r->req_fields && !was_before(r))
			fuzz_bind(j, r->req_fields, r->req_size, LITEIO_JSON_STRICT);
	for (size_t i = 0; i < LITEIO_ARRAY_SIZE(answers); i++)
		fuzz_bind(j, answers[i].fields, answers[i].size, 0);
}

/* ---- the driver's parameters, the agent's configuration -------------------------------------- */

static int set_parameter(void *arg, const char *key, struct liteio_json *value)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	const char *text = liteio_json_string(value);

	if (text && liteio_csi_params_set(arg, key, text, &err))
		has_sentence(&err);
	return 0;
}

void fuzz_config(const char *text, size_t len)
{
	struct liteio_error err = LITEIO_ERROR_INIT;
	struct liteio_config c = { 0 };

	if (liteio_config_parse(text, len, &c, &err)) {
		has_sentence(&err);
		return;
	}
	if (!members_once(text, len) || c.socket[0] != '/' || c.state_dir[0] != '/')
		abort();
	liteio_config_fini(&c);
}

void fuzz_objects(const struct liteio_json *j)
{
	struct liteio_csi_params params = { 0 };

	volume(j);
	pool(j);
	node(j);
	snapshot(j);
	local(j);
	if (liteio_json_is_object(j))
		liteio_json_each(j, set_parameter, &params);
	if (params.fs_type && !liteio_csi_fs_known(params.fs_type))
		abort();
	liteio_csi_params_fini(&params);
}
