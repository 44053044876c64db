// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What does not fit together: the whole, what the parts share, and the node itself.
 */
#include "agent/doctor_plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* ---- findings ------------------------------------------------------------------------------- */

const struct liteio_finding *liteio_findings_get(const struct liteio_findings *f,
						 enum liteio_local_check check, const char *object)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].check == check && !strcmp(f->items[i].object, object))
			return &f->items[i];
	return NULL;
}

struct liteio_finding *liteio_findings_add(struct liteio_findings *f, enum liteio_local_check check,
					   enum liteio_local_severity severity, const char *object,
					   const char *fmt, ...)
{
	struct liteio_finding *x;
	va_list ap;

	f->items = liteio_realloc(f->items, f->n + 1, sizeof(*f->items));
	x = &f->items[f->n++];
	memset(x, 0, sizeof(*x));
	x->check = check;
	x->severity = severity;
	snprintf(x->object, sizeof(x->object), "%s", object);
	va_start(ap, fmt);
	vsnprintf(x->sentence, sizeof(x->sentence), fmt, ap);
	va_end(ap);
	return x;
}

void liteio_finding_object(const struct liteio_doctor_volume *volume, uint64_t generation,
			   char out[LITEIO_FINDING_OBJECT_MAX])
{
	snprintf(out, LITEIO_FINDING_OBJECT_MAX, "%s/%" PRIu64, volume->v.name, generation);
}

void liteio_finding_of(struct liteio_finding *f, const struct liteio_doctor_view *v,
		       const struct liteio_doctor_volume *volume, uint64_t generation)
{
	snprintf(f->pool, sizeof(f->pool), "%s", v->pools[volume->pool].info.name);
	f->uuid = volume->v.uuid;
	f->generation = generation;
}

/* ---- looking things up ---------------------------------------------------------------------- */

static int compare_uuid(const struct liteio_uuid *a, const struct liteio_uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static int compare_volume(const void *key, const void *elem)
{
	const struct liteio_doctor_volume *x = elem;

	return compare_uuid(key, &x->v.uuid);
}

static int compare_reg(const void *key, const void *elem)
{
	const struct liteio_netlink_volume *x = elem;

	return compare_uuid(key, &x->uuid);
}

struct att_key {
	const struct liteio_uuid *uuid;
	uint64_t generation;
};

static int compare_att(const void *key, const void *elem)
{
	const struct att_key *k = key;
	const struct liteio_doctor_att *x = elem;
	int c = compare_uuid(k->uuid, &x->a.volume);

	if (c)
		return c;
	return k->generation < x->a.generation ? -1 : k->generation > x->a.generation;
}

const struct liteio_doctor_volume *liteio_doctor_volume_of(const struct liteio_doctor_view *v,
							   const struct liteio_uuid *uuid)
{
	return v->n_volumes ? bsearch(uuid, v->volumes, v->n_volumes, sizeof(*v->volumes),
				      compare_volume)
			    : NULL;
}

const struct liteio_netlink_volume *liteio_doctor_reg_of(const struct liteio_doctor_view *v,
							 const struct liteio_uuid *uuid)
{
	return v->n_reg_volumes ? bsearch(uuid, v->reg_volumes, v->n_reg_volumes,
					  sizeof(*v->reg_volumes), compare_reg)
				: NULL;
}

const struct liteio_catalog_attachment *
liteio_doctor_att_of(const struct liteio_doctor_view *v, const struct liteio_uuid *uuid,
		     uint64_t generation)
{
	const struct att_key key = { uuid, generation };
	const struct liteio_doctor_att *found =
		v->n_atts ? bsearch(&key, v->atts, v->n_atts, sizeof(*v->atts), compare_att) : NULL;

	return found ? &found->a : NULL;
}

const struct liteio_doctor_pool *liteio_doctor_pool_of(const struct liteio_doctor_view *v,
						       const struct liteio_uuid *uuid)
{
	for (size_t i = 0; i < v->n_pools; i++)
		if (liteio_uuid_equal(&v->pools[i].info.uuid, uuid))
			return &v->pools[i];
	return NULL;
}

bool liteio_doctor_is_blind(const struct liteio_doctor_view *v, const char *part)
{
	for (size_t i = 0; i < v->n_blind; i++)
		if (!strcmp(v->blind[i].name, part))
			return true;
	return false;
}

bool liteio_doctor_knows_all(const struct liteio_doctor_view *v)
{
	return v->n_missing == 0 && !liteio_doctor_is_blind(v, "pools");
}

/* ---- the node itself ------------------------------------------------------------------------ */

static void plan_node(const struct liteio_doctor_view *v, struct liteio_findings *ret)
{
	for (size_t i = 0; i < v->n_blind; i++)
		liteio_findings_add(ret, LITEIO_CHECK_LOOK, LITEIO_SEVERITY_WARNING,
				    v->blind[i].name, "%s can not be looked at: %s",
				    v->blind[i].name, v->blind[i].what);
	if (v->stuck)
		liteio_findings_add(ret, LITEIO_CHECK_JOBS, LITEIO_SEVERITY_ERROR, "node",
				    "%u operations do not come back: a disk or the kernel hangs",
				    v->stuck);
	for (size_t i = 0; i < v->n_config; i++)
		liteio_findings_add(ret, LITEIO_CHECK_CONFIG, LITEIO_SEVERITY_INFO,
				    v->config[i].name,
				    "%s has a new value, which is taken when the agent starts again",
				    v->config[i].name);
	if (v->door[0])
		liteio_findings_add(ret, LITEIO_CHECK_DOOR, LITEIO_SEVERITY_ERROR, "node",
				    "no remote consumer is let in: %s", v->door);
	if (v->has_module && v->module[0])
		liteio_findings_add(ret, LITEIO_CHECK_MODULE, LITEIO_SEVERITY_WARNING, "liteio",
				    "%s", v->module);
	else if (!v->has_module && !liteio_doctor_is_blind(v, "module"))
		liteio_findings_add(ret, LITEIO_CHECK_MODULE, LITEIO_SEVERITY_WARNING, "liteio",
				    "the module is not loaded: no fences at once, no limits, no remote consumers (module load)");
}

/* what is said of the same object by the same check in a row, the worst first */
static int compare_objects(const void *a, const void *b)
{
	const struct liteio_finding *x = a, *y = b;
	int c;

	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	c = strcmp(x->object, y->object);
	return c ? c : (int)y->severity - (int)x->severity;
}

/* the worst first, then as they are checked, then by object */
static int compare_findings(const void *a, const void *b)
{
	const struct liteio_finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	return compare_objects(a, b);
}

void liteio_doctor_plan(const struct liteio_doctor_view *view, struct liteio_findings *ret)
{
	size_t n = 0;

	*ret = (struct liteio_findings){ 0 };
	plan_node(view, ret);
	liteio_doctor_plan_pools(view, ret);
	liteio_doctor_plan_devices(view, ret);
	liteio_doctor_plan_gates(view, ret);
	liteio_doctor_plan_heads(view, ret);
	liteio_doctor_plan_names(view, ret);
	if (ret->n < 2)
		return;
	qsort(ret->items, ret->n, sizeof(*ret->items), compare_objects);
	/* what two sources say of the same object is said once */
	for (size_t i = 0; i < ret->n; i++)
		if (n == 0 || ret->items[i].check != ret->items[n - 1].check ||
		    strcmp(ret->items[i].object, ret->items[n - 1].object) != 0)
			ret->items[n++] = ret->items[i];
	ret->n = n;
	qsort(ret->items, ret->n, sizeof(*ret->items), compare_findings);
}
