// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata: parsing, selectors, and the head of compare-and-swap patches.
 */
#include "model/meta.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

static bool finalizer_listed(const struct liteio_json *list, const char *finalizer)
{
	size_t i;

	for (i = 0; i < liteio_json_len(list); i++) {
		const char *s = liteio_json_string(liteio_json_at(list, i));

		if (s && !strcmp(s, finalizer))
			return true;
	}
	return false;
}

int liteio_meta_parse(const struct liteio_json *j, const char *finalizer, struct liteio_meta *ret,
		      struct liteio_error *err)
{
	const struct liteio_json *m = liteio_json_get(j, "metadata");
	const char *name = liteio_json_get_string(m, "name");
	const char *uid = liteio_json_get_string(m, "uid");
	const char *rv = liteio_json_get_string(m, "resourceVersion");
	struct liteio_uuid uuid;

	if (!name)
		return liteio_error_set(err, -EINVAL, "metadata.name: missing");
	if (!uid || liteio_uuid_parse(uid, &uuid))
		return liteio_error_set(err, -EINVAL, "metadata.uid: not a uuid");
	if (!rv)
		return liteio_error_set(err, -EINVAL, "metadata.resourceVersion: missing");
	*ret = (struct liteio_meta){
		.name = liteio_strdup(name),
		.uid = liteio_strdup(uid),
		.uuid = uuid,
		.resource_version = liteio_strdup(rv),
		.generation = (uint64_t)liteio_json_get_int(m, "generation", 0),
		.labels = liteio_json_ref(liteio_json_get(m, "labels")),
		.deleting = !!liteio_json_get(m, "deletionTimestamp"),
		.has_finalizer =
			finalizer && finalizer_listed(liteio_json_get(m, "finalizers"), finalizer),
	};
	return 0;
}

void liteio_meta_fini(struct liteio_meta *m)
{
	free(m->name);
	free(m->uid);
	free(m->resource_version);
	liteio_json_unref(m->labels);
	*m = (struct liteio_meta){ 0 };
}

/* label keys contain dots, so they can not be looked up as paths */
struct label_query {
	const char *key;
	const char *value;
};

static int label_visit(void *arg, const char *key, struct liteio_json *v)
{
	struct label_query *q = arg;

	if (strcmp(key, q->key))
		return 0;
	q->value = liteio_json_string(v);
	return 1;
}

const char *liteio_meta_label(const struct liteio_meta *m, const char *key)
{
	struct label_query q = { .key = key };

	if (m->labels)
		liteio_json_each(m->labels, label_visit, &q);
	return q.value;
}

static int selector_visit(void *arg, const char *key, struct liteio_json *v)
{
	const char *want = liteio_json_string(v);
	const char *have = liteio_meta_label(arg, key);

	return !want || !have || strcmp(want, have) != 0;
}

bool liteio_meta_match(const struct liteio_meta *m, const struct liteio_json *selector)
{
	return !selector || !liteio_json_each(selector, selector_visit, (void *)m);
}

struct liteio_json *liteio_meta_patch(const struct liteio_meta *m)
{
	struct liteio_json *patch = liteio_json_new_object();
	struct liteio_json *meta = liteio_json_new_object();

	liteio_json_set_string(meta, "resourceVersion", m->resource_version);
	liteio_json_set(patch, "metadata", meta);
	return patch;
}

void liteio_meta_patch_finalizer(struct liteio_json *patch, const struct liteio_json *object,
				 const char *finalizer, bool present)
{
	const struct liteio_json *old = liteio_json_get(object, "metadata.finalizers");
	struct liteio_json *list = liteio_json_new_array();
	size_t i;

	for (i = 0; i < liteio_json_len(old); i++) {
		const char *s = liteio_json_string(liteio_json_at(old, i));

		if (s && strcmp(s, finalizer) != 0)
			liteio_json_append(list, liteio_json_new_string(s));
	}
	if (present)
		liteio_json_append(list, liteio_json_new_string(finalizer));
	liteio_json_set(liteio_json_get(patch, "metadata"), "finalizers", list);
}
