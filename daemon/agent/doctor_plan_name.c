// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What does not fit together: names that two pools have. Pure.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/doctor_plan.h"
#include "base/cleanup.h"
#include "base/str.h"

/* what is deleted has no name any more */
static bool has_name(const struct liteio_doctor_volume *x)
{
	return x->v.state != LITEIO_CATALOG_DELETING;
}

static int compare_kind_and_name(const struct liteio_doctor_volume *x,
				 const struct liteio_doctor_volume *y)
{
	if (x->v.kind != y->v.kind)
		return x->v.kind < y->v.kind ? -1 : 1;
	return strcmp(x->v.name, y->v.name);
}

static int compare_names(const void *a, const void *b)
{
	return compare_kind_and_name(*(const struct liteio_doctor_volume *const *)a,
				     *(const struct liteio_doctor_volume *const *)b);
}

static bool are_namesakes(const struct liteio_doctor_volume *x,
			  const struct liteio_doctor_volume *y)
{
	return x->pool != y->pool && has_name(x) && has_name(y) && !compare_kind_and_name(x, y);
}

bool liteio_doctor_has_namesake(const struct liteio_doctor_view *v,
				const struct liteio_doctor_volume *x)
{
	for (size_t i = 0; i < v->n_volumes; i++) {
		if (are_namesakes(x, &v->volumes[i]))
			return true;
	}
	return false;
}

static void plan_twice(const struct liteio_doctor_view *v, const struct liteio_doctor_volume *x,
		       const struct liteio_doctor_volume *y, struct liteio_findings *ret)
{
	const char *kind = x->v.kind == LITEIO_CATALOG_SNAPSHOT ? "snapshot" : "volume";
	_cleanup_free_ char *object = liteio_strf("%s/%s", kind, x->v.name);
	char one[LITEIO_UUID_STRLEN + 1], other[LITEIO_UUID_STRLEN + 1];
	struct liteio_finding *f;

	liteio_uuid_format(&x->v.uuid, one);
	liteio_uuid_format(&y->v.uuid, other);
	f = liteio_findings_add(ret, LITEIO_CHECK_NAME_TWICE, LITEIO_SEVERITY_WARNING, object,
				"pool %s (%s) and pool %s (%s) have a %s of this name: nothing is done by it until one is called otherwise (%s rename UUID NAME)",
				v->pools[x->pool].info.name, one, v->pools[y->pool].info.name,
				other, kind, kind);
	liteio_finding_of(f, v, x, 0);
}

void liteio_doctor_plan_names(const struct liteio_doctor_view *v, struct liteio_findings *ret)
{
	const struct liteio_doctor_volume **all _cleanup_free_ = NULL;

	if (v->n_pools < 2 || v->n_volumes < 2)
		return;
	all = liteio_calloc(v->n_volumes, sizeof(*all));
	for (size_t i = 0; i < v->n_volumes; i++)
		all[i] = &v->volumes[i];
	qsort(all, v->n_volumes, sizeof(*all), compare_names);
	/* those of one name stand together, with what was deleted between them perhaps */
	for (size_t i = 0; i < v->n_volumes; i++) {
		for (size_t k = i + 1; k < v->n_volumes && !compare_kind_and_name(all[i], all[k]);
		     k++) {
			if (are_namesakes(all[i], all[k]))
				plan_twice(v, all[i], all[k], ret);
		}
	}
}

bool liteio_doctor_name_is_taken(const struct liteio_doctor_view *v, const char *pool,
				 const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < v->n_pools; i++) {
		if (!strcmp(v->pools[i].info.name, pool) &&
		    !liteio_uuid_equal(&v->pools[i].info.uuid, uuid))
			return true;
	}
	for (size_t i = 0; i < v->n_missing; i++) {
		if (!strcmp(v->missing[i].name, pool) &&
		    !liteio_uuid_equal(&v->missing[i].uuid, uuid))
			return true;
	}
	return false;
}
